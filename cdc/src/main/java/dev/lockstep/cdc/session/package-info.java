/// What copy and apply both need of a session: the role in which it writes, and the operators by
/// which it finds rows.
@NullMarked
package dev.lockstep.cdc.session;

import org.jspecify.annotations.NullMarked;

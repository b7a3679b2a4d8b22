/// Whether two databases hold the same rows.
@NullMarked
package dev.lockstep.validators;

import org.jspecify.annotations.NullMarked;

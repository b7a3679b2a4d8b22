/// What can go wrong, told to the person who has to act on it.
@NullMarked
package dev.lockstep.plans.fault;

import org.jspecify.annotations.NullMarked;

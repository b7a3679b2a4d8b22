/// What a plan says of how clients are held and moved during a switch.
@NullMarked
package dev.lockstep.plans.gate;

import org.jspecify.annotations.NullMarked;

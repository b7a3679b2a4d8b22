/// The plan: what an operator wants to happen, read from a file once, complete and valid.
@NullMarked
package dev.lockstep.plans.plan;

import org.jspecify.annotations.NullMarked;

/// Work that runs beside other work: threads that live inside a block and never outlive it.
@NullMarked
package dev.lockstep.plans.work;

import org.jspecify.annotations.NullMarked;

/// Tests of the repository itself: what may depend on what, how the text looks, what the documents
/// promise. They read sources and classes of all modules, which is why they live in the last one.
@NullMarked
package dev.lockstep.house;

import org.jspecify.annotations.NullMarked;

package dev.lockstep.cdc.backfill;

/// Told of each chunk on its worker's thread; tests force interleavings with it.
public interface ChunkListener {
    /// Does nothing.
    ChunkListener NONE = new ChunkListener() {};

    /// All rows of the chunk were read from the active database and none is committed yet.
    default void afterRead(Chunk chunk) {}

    /// The chunk is done for good.
    default void afterCommit(Chunk chunk) {}
}

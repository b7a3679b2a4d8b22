package dev.lockstep.validators.rows;

import dev.lockstep.plans.sql.Session;

/// What the planner is told.
final class Planning {
    private Planning() {}

    /// Ranges are read by their index, however little the planner knows of a table that was just
    /// filled: a scan of the whole table per range would never end. Whole tables are scanned.
    static void useIndexes(Session session, boolean use) {
        session.run("SET LOCAL enable_seqscan = " + (use ? "off" : "on"));
    }

    /// As the chunk needs it.
    static void forChunk(Session session, Chunk chunk) {
        useIndexes(session, chunk instanceof Chunk.Range);
    }
}

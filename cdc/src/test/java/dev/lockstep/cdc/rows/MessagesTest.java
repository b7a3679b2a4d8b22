package dev.lockstep.cdc.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.Replication;
import dev.lockstep.testing.Pair;
import org.junit.jupiter.api.Test;

/// Messages that applications write into the WAL themselves change nothing.
class MessagesTest {
    @Test
    void messagesOfApplicationsAreNoMarkers() throws Exception {
        try (Carried carried = new Carried("CREATE TABLE item (id int PRIMARY KEY)")) {
            Pair pair = carried.pair();
            try (Replication stream = carried.open()) {
                String run = stream.spec().run();
                stream.drain(Carried.SOON);
                for (String prefix :
                        new String[] {"lockstep", "lockstep2", "Lockstep", "", "größe", "a\"b"}) {
                    Pair.run(pair.source(), messages(prefix, run));
                }
                stream.drain(Carried.SOON);
                carried.assertSame("messages");
                assertThat(Pair.rows(pair.target(), "SELECT count(*) FROM item"))
                        .containsExactly("(18)");
            }
        }
    }

    private static String messages(String prefix, String run) {
        return """
        SELECT pg_logical_emit_message(transactional, '%1$s', content)
          FROM unnest(ARRAY[true, false]) AS transactional, unnest(ARRAY[
               '\\x'::bytea, '\\xff00fe80', convert_to(repeat('big', 999999), 'UTF8'),
               convert_to('%2$s/0/1/', 'UTF8'), convert_to('%2$s/0/1/x', 'UTF8'),
               convert_to('%2$s/0/1/-1', 'UTF8'),
               convert_to('%2$s/0/1/99999999999999999999', 'UTF8'),
               convert_to('%2$s/0/1/', 'UTF8') || '\\xff31', '\\x00']) AS content;
        BEGIN;
        INSERT INTO item SELECT coalesce(max(id), 0) + 1 FROM item;
        SELECT pg_logical_emit_message(false, '%1$s', 'between');
        SELECT pg_logical_emit_message(true, '%1$s', 'between');
        INSERT INTO item SELECT coalesce(max(id), 0) + 1 FROM item;
        SELECT pg_logical_emit_message(false, '%1$s', '\\xff'::bytea);
        INSERT INTO item SELECT coalesce(max(id), 0) + 1 FROM item;
        COMMIT;
        BEGIN; SELECT pg_logical_emit_message(true, '%1$s', '%2$s/0/1/7'); ROLLBACK
        """
                .formatted(prefix, run);
    }
}

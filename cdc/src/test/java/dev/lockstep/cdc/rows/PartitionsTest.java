package dev.lockstep.cdc.rows;

import java.util.List;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Rows of partitioned tables, in and between partitions.
@Execution(ExecutionMode.CONCURRENT)
class PartitionsTest {
    private static final String TABLES =
            """
            CREATE TABLE visit (id int, at int, note text, big text, PRIMARY KEY (at, id))
                PARTITION BY RANGE (at);
            ALTER TABLE visit ALTER big SET STORAGE EXTERNAL;
            CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (0) TO (10);
            CREATE TABLE visit_2 (note text, gone int, at int NOT NULL, big text, id int NOT NULL);
            ALTER TABLE visit_2 DROP gone;
            ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES FROM (10) TO (20);
            CREATE TABLE visit_3 PARTITION OF visit FOR VALUES FROM (20) TO (90)
                PARTITION BY LIST (at);
            CREATE TABLE visit_3_20 PARTITION OF visit_3 FOR VALUES IN (20, 21);
            CREATE TABLE "Visit 3 rest" PARTITION OF visit_3 DEFAULT;
            CREATE TABLE visit_rest PARTITION OF visit DEFAULT;
            CREATE TABLE event (at int, what text) PARTITION BY RANGE (at);
            CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
            CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
            ALTER TABLE event_1 REPLICA IDENTITY FULL;
            ALTER TABLE event_2 REPLICA IDENTITY FULL;
            ALTER TABLE event REPLICA IDENTITY FULL;
            """;

    private static final List<String> ROWS =
            List.of(
                    """
                    INSERT INTO visit SELECT i, i % 120 - 10, 'n' || i, repeat('b', 2500)
                      FROM generate_series(1, 600) i;
                    INSERT INTO visit SELECT i, 15, 'n' FROM generate_series(1000, 3500) i;
                    INSERT INTO event SELECT i % 20, 'e' FROM generate_series(1, 200) i;
                    """);

    private static final List<String> CHANGES =
            List.of(
                    "UPDATE visit SET note = note || '!' WHERE id % 2 = 0",
                    "UPDATE visit SET at = at + 10 WHERE id % 5 = 0",
                    "UPDATE visit SET at = 29 - at WHERE at BETWEEN 0 AND 29 AND id < 2000",
                    "BEGIN; UPDATE visit SET at = at + 1; UPDATE visit SET at = at - 1; COMMIT",
                    "BEGIN; UPDATE visit SET at = 15 WHERE id = 7; UPDATE visit SET at = 5 WHERE id"
                            + " = 7; DELETE FROM visit WHERE id = 7; INSERT INTO visit VALUES"
                            + " (7, 25, 'again'); COMMIT",
                    "DELETE FROM visit WHERE id % 11 = 0",
                    "UPDATE event SET at = 19 - at WHERE at > 3",
                    "DELETE FROM event_1 WHERE at = 2",
                    "TRUNCATE visit_3; INSERT INTO visit VALUES (1, 20, 'x'), (2, 88, 'y')",
                    "MERGE_");

    private static final String MERGE =
            """
            MERGE INTO visit v USING (SELECT i AS id, i % 40 AS at FROM generate_series(1, 99) i) s
               ON v.id = s.id AND v.at = s.at
             WHEN MATCHED AND s.id % 2 = 0 THEN DELETE
             WHEN MATCHED THEN UPDATE SET note = 'merged', id = -v.id
             WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.at, 'new', NULL)\
            """;

    @ParameterizedTest
    @EnumSource
    void rowsArriveInTheirPartitions(Way way) throws Exception {
        // PostgreSQL 14 has no MERGE.
        String last = way == Way.ONE_BY_ONE ? "SELECT 1" : MERGE;
        way.carry(TABLES, ROWS, CHANGES.stream().map(c -> c.replace("MERGE_", last)).toList());
    }
}

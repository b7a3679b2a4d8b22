package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Hostile;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import dev.lockstep.testing.Zoo;
import java.nio.file.Path;
import java.util.Locale;
import java.util.TimeZone;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whole runs with every type, where databases, roles and the process itself have settings that
/// would change what values look like.
@Isolated("it changes the locale of the whole JVM")
class TypesRunTest {
    private static final TimeZone ZONE = TimeZone.getDefault();
    private static final Locale LOCALE = Locale.getDefault();

    @TempDir Path folder = Path.of("");

    @AfterEach
    void reset() {
        TimeZone.setDefault(ZONE);
        Locale.setDefault(LOCALE);
    }

    @ParameterizedTest
    @CsvSource({
        "14, 18, th-TH-u-nu-thai, Asia/Kathmandu",
        "18, 14, tr-TR, Pacific/Kiritimati",
    })
    void everyValueArrivesAndIsVerified(int from, int to, String locale, String zone) {
        Locale.setDefault(Locale.forLanguageTag(locale));
        TimeZone.setDefault(TimeZone.getTimeZone(zone));
        Zoo zoo = Zoo.of(Math.min(from, to));
        try (Db source = PostgresServer.shared(from).database();
                Db target = PostgresServer.shared(to).database()) {
            Pair pair = Pair.of(source, target);
            Pair.run(target, "CREATE TYPE first AS ENUM ('a', 'b', 'c')");
            pair.onBoth(zoo.schema());
            Pair.run(source, zoo.insert("zoo") + zoo.insertKeys(12));
            Hostile.set(source);
            Hostile.set(target);
            Move move = Move.of(folder, pair);
            try (LiveRun _ = LiveRun.inStep(move)) {
                Pair.run(source, zoo.insert("bare") + zoo.update("zoo", 2));
                Pair.run(source, zoo.perKey("UPDATE key_%s SET n = 7"));
                Pair.run(source, zoo.perKey("DELETE FROM key_%s WHERE i > 2"));
                assertThat(move.told("validate").done()).contains("no difference");
                zoo.assertSame(pair, "zoo");
                zoo.assertSame(pair, "bare");
                zoo.keyTables().forEach(table -> zoo.assertSame(pair, table));
                Pair.run(
                        target,
                        "SET session_replication_role = replica;"
                                + " UPDATE zoo SET c3 = NULL WHERE id = 1");
                move.told("validate").refused(3, "DIFFERENT", "public.zoo (id=1) differs in c3");
            }
        }
    }
}

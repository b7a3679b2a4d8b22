package dev.lockstep.plans.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// One mistake each, and what is said about it.
class PlanProblemsTest {
    @TempDir Path temp;
    private PlanFolder plans;

    @BeforeEach
    void folder() {
        plans = PlanFolder.at(temp);
    }

    /// The first column is added to the least plan as its sixth line.
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    backfill: { worker: 3 }           | did you mean "workers"?
                    backfill: { rows_per_second: 3 }  | did you mean "rows-per-second"?
                    backfill: { rowsPerSecond: 3 }    | did you mean "rows-per-second"?
                    backfill: { colour: red }         | unknown key "colour" in backfill, expected one of: workers, chunk
                    backfill: 3                       | backfill is a text, expected a group of keys: workers
                    backfill: []                      | backfill is a list, expected a group
                    backfill:                         | backfill is empty, expected a group
                    backfill: { workers: 0 }          | backfill.workers is "0", expected a whole number from 1 to 64
                    backfill: { workers: 65 }         | backfill.workers is "65", expected
                    backfill: { workers: 2.5 }        | backfill.workers is "2.5", expected
                    backfill: { workers: 010 }        | backfill.workers is "010", expected
                    backfill: { workers: [2] }        | backfill.workers is a list, expected
                    backfill: { workers: }            | backfill.workers is empty, expected
                    backfill: { workers: 1, workers: 2 } | backfill.workers stands here again, expected it once (it is on line 6)
                    backfill: { chunk: 32mb }         | backfill.chunk is "32mb", expected a size from 8KiB to 16GiB
                    backfill: { chunk: 1KiB }         | backfill.chunk is "1KiB", expected
                    backfill: { chunk: 999999999999999999TiB } | expected a size
                    backfill: { rows-per-second: 0 }  | backfill.rows-per-second is "0", expected unlimited or
                    verify: { method: md5 }           | verify.method is "md5", expected checksum or count
                    verify: { max-age: 15 }           | verify.max-age is "15", expected a time from 1s
                    verify: { max-age: 0s }           | verify.max-age is "0s", expected a time from 1s
                    cutover: { max-lag: 1.5s }        | cutover.max-lag is "1.5s", expected a time
                    cutover: { gate: pgbouncer }      | cutover.gate is pgbouncer, which is not supported by this version, expected none
                    cutover: { gate: { hooks: {} } }  | cutover.gate is hooks, which is not supported by this version, expected none
                    cutover: { gate: open }           | cutover.gate is "open", expected none
                    limits: { retained-wal: 1kB }     | limits.retained-wal is "1kB", expected a size from 1MiB
                    schema: { copy: yes }             | schema.copy is "yes", expected auto or none
                    schema: { expand: nowhere/ }      | schema.expand is "nowhere/", which is no folder in
                    schema: { expand: plan.yaml }     | schema.expand is "plan.yaml", which is no folder in
                    schema: { expand: ., contract: ./ } | schema.expand and schema.contract are one folder, expected two
                    kafka: k1:9092                    | kafka is "k1:9092", expected embedded, or
                    kafka: { bootstrap.servers: k1 }  | kafka.bootstrap.servers is "k1", expected servers like
                    kafka: { bootstrap.servers: [k1:9092] } | kafka.bootstrap.servers is a list, expected servers like
                    kafka: { bootstrap.servers: k1:9092,k2:9092 } | kafka has a word without a value, expected quotes
                    tables: { include: [] }           | tables.include is an empty list, expected a list of globs
                    tables: { include: public.* }     | tables.include is a text, expected a list of globs
                    tables: { include: [orders] }     | tables.include is "orders", expected a glob on schema.table
                    tables: { exclude: [{ a: b }] }   | tables.exclude is a group of keys, expected a glob
                    tables: { mappings: [public.a] }  | tables.mappings is "public.a", expected a list of groups
                    tables: { mappings: [{ to: a.b }] } | tables.mappings.table is missing, expected schema.table
                    tables: { mappings: [{ table: a.b }] } | tables.mappings.to is missing
                    tables: { mappings: [{ table: b, to: a.b }] } | tables.mappings.table is "b", expected schema.table
                    tables: { mappings: [{ table: a.b, to: a.b.c }] } | tables.mappings.to is "a.b.c", expected schema.table
                    tables: { mappings: [{ table: a.b, to: lockstep.b }] } | tables.mappings.to is lockstep.b, expected a table outside
                    tables: { mappings: [{ table: a.b, to: a.c }, { table: a.b, to: a.d }] } | a.b is mapped again, expected it once (it is on line 6)
                    tables: { mappings: [{ table: a.b, to: a.d }, { table: a.c, to: a.d }] } | a.c is mapped to a.d, which is what a.b becomes
                    tables: { mappings: [{ table: a.b, columns: { x: z, y: z } }] } | columns.y is "z" like tables.mappings.columns.x, expected a name of its own
                    tables: { mappings: [{ table: a.b, columns: { x: [z] } }] } | columns.x is a list, expected the column's new name
                    tables: { mappings: [{ table: a.b, columns: [x] }] } | tables.mappings.columns is a list, expected a group like
                    verify: &v { method: *v }         | found a YAML alias, expected the value itself
                    name: other                       | name stands here again, expected it once (it is on line 2)
                    verify: { method: ${METHOD} }     | expected ${...} in quotes between { and }
                    verify: { method: "${METHOD}" }   | the environment variable METHOD is not set
                    verify: { method: "${METHOD" }    | found ${ that starts no variable
                    verify: { method: "${file:no-such}" } | the file of ${file:no-such} does not exist
                    ---                               | a second YAML document starts here
                    """)
    void eachMistakeIsOneProblem(String added, String expected) {
        String yaml = PlanFolder.MINIMAL + added + "\n" + (added.equals("---") ? "x: 1" : "");

        assertThat(plans.problems(yaml))
                .singleElement()
                .asString()
                .startsWith(added.equals("---") ? "7: " : "6: ")
                .contains(expected);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    lockstep: 1          | lockstep: 2                 | 1: lockstep is "2", expected 1, the plan format
                    db2:5432/shop        | DB1/shop                    | 4: source and target are both DB1:5432/shop, expected two
                    db2:5432             | db2:99999                   | 4: target.url is a URL without one host
                    db2:5432             | me:hush@db2                 | 4: target.url is a URL with @ in it
                    db2:5432             | db2,db3                     | 4: target.url is a URL without one host
                    db2:5432/shop        | db2:5432                    | 4: target.url is a URL without one host
                    db2:5432/shop        | db2/shop?options=-c%20x=1   | 4: the url sets options, expected that to be left
                    db2:5432/shop        | db2/shop?password=%zz       | 4: target.password stands in the url as well
                    user: mover          | user: ""                    | 4: target.user is empty, expected the name
                    user: mover          | usr: mover                  | 4: unknown key "usr" in target, did you mean "user"?
                    target: {            | target: x {                 | 4: not YAML
                    """)
    void mistakesInTheRequiredKeys(String written, String instead, String expected) {
        int at = PlanFolder.MINIMAL.lastIndexOf(written);
        String yaml =
                PlanFolder.MINIMAL.substring(0, at)
                        + instead
                        + PlanFolder.MINIMAL.substring(at + written.length());

        assertThat(plans.problems(yaml)).anySatisfy(p -> assertThat(p).startsWith(expected));
    }

    @Test
    void filesThatAreNoPlanSayWhy() throws IOException {
        Path latin = temp.resolve("latin.yaml");
        Files.write(latin, "name: caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));

        assertThat(plans.problems(temp.resolve("none.yaml")))
                .containsExactly("1: the file does not exist, expected a file");
        assertThat(plans.problems(temp))
                .containsExactly("1: the file is a folder, expected a file");
        assertThat(plans.problems(latin))
                .containsExactly("1: the file is not UTF-8, expected text in UTF-8");
        assertThat(plans.problems(""))
                .containsExactly(
                        "1: the file is empty, expected a plan that starts with \"lockstep: 1\"");
        assertThat(plans.problems("# only a comment\n---\n"))
                .singleElement()
                .asString()
                .contains("the file is empty");
        assertThat(plans.problems("- a\n"))
                .singleElement()
                .asString()
                .startsWith("1: the file is a list or a text, expected a plan");
        assertThat(plans.problems("lockstep: 1\nname: \0\n"))
                .containsExactly(
                        "2: found the character U+0000, expected text that can be printed");
        assertThat(plans.problems("x".repeat(PlanText.BYTES_MAX + 1)))
                .singleElement()
                .asString()
                .contains("larger than 1 MiB");
    }

    @Test
    void syntaxErrorsTellWhereTheyStart() {
        assertThat(plans.problems("lockstep: 1\nname: 'shop\nkafka: embedded\n"))
                .singleElement()
                .asString()
                .startsWith("2: not YAML: found unexpected end of stream");
        assertThat(plans.problems("lockstep: 1\nname: shop\n\tkafka: embedded\n"))
                .singleElement()
                .asString()
                .startsWith("3: not YAML");
        assertThat(plans.problems("lockstep: 1\nname: a: b\n"))
                .singleElement()
                .asString()
                .startsWith("2: not YAML: mapping values are not allowed here");
    }
}

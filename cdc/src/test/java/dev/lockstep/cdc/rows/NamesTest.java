package dev.lockstep.cdc.rows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever tables, schemas and columns are called.
class NamesTest {
    private static final String LONG = "x".repeat(63);

    /// Each names a table and a column.
    private static final List<String> NAMES =
            List.of(
                    "Item",
                    "item",
                    "ITEM",
                    "a_b",
                    "aXb",
                    "a%b",
                    "%s",
                    "100%",
                    "%d %n",
                    "a.b",
                    "a.\"b",
                    "\"quoted\"",
                    "'single'",
                    "`tick`",
                    "it's",
                    "back\\slash",
                    "\\",
                    "what?",
                    "a,b",
                    "a;b--c",
                    "/* c */",
                    "$1",
                    "$$",
                    "{fn}",
                    "[a-z]*",
                    ".*",
                    "(a|b)",
                    "^$",
                    "name(text)=x",
                    " lead",
                    "trail ",
                    "tab\there",
                    "new\nline",
                    "größe",
                    "ГОРОД",
                    "数据",
                    "👍",
                    "ÿ",
                    "select",
                    "table",
                    "user",
                    "all",
                    "null",
                    "Null",
                    "pg_temp_1",
                    "information_schema",
                    "Information_Schema",
                    "PG_Catalog",
                    "lockstep",
                    "ctid1",
                    "old",
                    "t",
                    "s",
                    LONG,
                    "ü".repeat(31));

    private static final List<String> SCHEMAS =
            List.of("Public", "a.b", "a%b", "\"", "größe", "select", "PG_Catalog", LONG);

    private static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    private static List<String> tables() {
        List<String> tables = new ArrayList<>();
        NAMES.forEach(name -> tables.add("public." + quoted(name)));
        SCHEMAS.forEach(name -> tables.add(quoted(name) + "." + quoted(name)));
        return tables;
    }

    private static String each(String statement) {
        StringBuilder all = new StringBuilder();
        tables().forEach(table -> all.append(statement.replace("TABLE_", table)).append(";\n"));
        return all.toString();
    }

    private static String schema() {
        StringBuilder sql = new StringBuilder();
        tables().stream()
                .filter(table -> !table.startsWith("public."))
                .map(table -> table.substring(0, table.indexOf("\".\"") + 1))
                .distinct()
                .forEach(name -> sql.append("CREATE SCHEMA ").append(name).append(";\n"));
        sql.append(each("CREATE TABLE TABLE_ (\"Id\" int PRIMARY KEY, id text, \"ID\" int)"));
        sql.append("CREATE TABLE wide (");
        NAMES.forEach(name -> sql.append(quoted(name)).append(" text, "));
        sql.append("\"id,\" int, \"ID\"\" int\" int, PRIMARY KEY (\"ID\"\" int\", \"id,\"));");
        sql.append("CREATE TABLE bare (LIKE wide); ALTER TABLE bare REPLICA IDENTITY FULL;");
        return sql.toString();
    }

    private static final List<String> ROWS =
            List.of(
                    each("INSERT INTO TABLE_ SELECT i, 'a', -i FROM generate_series(1, 3) i"),
                    """
                    INSERT INTO wide ("Item", item, "ID"" int", "id,")
                        SELECT 'I' || i, 'i' || i, i, i FROM generate_series(1, 100) i;
                    INSERT INTO bare SELECT * FROM wide;
                    """);

    private static List<String> changes() {
        List<String> changes = new ArrayList<>();
        changes.add(each("UPDATE TABLE_ SET id = 'b', \"ID\" = 7 WHERE \"Id\" = 1"));
        changes.add(each("UPDATE TABLE_ SET \"Id\" = 9 WHERE \"Id\" = 2"));
        changes.add(each("DELETE FROM TABLE_ WHERE \"Id\" = 3"));
        for (String name : NAMES) {
            changes.add("UPDATE wide SET %1$s = %2$s".formatted(quoted(name), "'v' || \"id,\""));
            changes.add("UPDATE bare SET %s = 'v' WHERE \"id,\" < 3".formatted(quoted(name)));
        }
        changes.add("UPDATE wide SET \"ID\"\" int\" = -\"ID\"\" int\" WHERE \"id,\" < 60");
        changes.add("DELETE FROM bare WHERE \"id,\" = 1; DELETE FROM wide WHERE \"id,\" = 1");
        changes.add(each("TRUNCATE TABLE_; INSERT INTO TABLE_ VALUES (1, '2', 3)"));
        return List.of(String.join(";\n", changes), "SELECT 1");
    }

    @ParameterizedTest
    @EnumSource(names = {"ONE_BY_ONE", "BESIDE_A_COPY"})
    void tablesAndColumnsOfAllNamesAreCarried(Way way) throws Exception {
        way.carry(schema(), ROWS, changes());
    }
}

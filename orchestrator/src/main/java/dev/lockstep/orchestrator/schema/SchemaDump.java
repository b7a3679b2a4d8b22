package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.sql.Db;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The dump of a source's schema, kept in a work folder, and the SQL that `pg_restore` makes of it.
final class SchemaDump {
    enum Section {
        PRE_DATA("pre-data"),
        POST_DATA("post-data");

        private final String option;

        Section(String option) {
            this.option = option;
        }
    }

    /// Since the releases of August 2025 the text starts and ends with commands for `psql`.
    private static final Pattern RESTRICT = Pattern.compile("(?m)^\\\\restrict (\\w+)$");

    private static final Pattern FIRST_ENTRY = Pattern.compile("(?m)^--\n-- Name: ");

    private final Db source;
    private final Path folder;
    private final Supplier<PgTools> tools;
    private final Supplier<Collection<String>> excluded;

    /// `excluded` gives the quoted names of relations to leave out.
    SchemaDump(
            Db source,
            Path folder,
            Supplier<PgTools> tools,
            Supplier<Collection<String>> excluded) {
        this.source = source;
        this.folder = folder;
        this.tools = tools;
        this.excluded = excluded;
    }

    /// Reads the schema as it is now.
    void make() {
        PgClient.file("create", folder, Files::createDirectories);
        Path unfinished = folder.resolve("schema.dump.new");
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "--format=custom",
                                "--schema-only",
                                "--no-publications",
                                "--no-subscriptions",
                                "--encoding=UTF8",
                                "--exclude-schema=\"lockstep\"",
                                "--file=" + unfinished));
        excluded.get().forEach(name -> arguments.add("--exclude-table=" + name));
        client().on(source.endpoint(), "pg_dump", arguments);
        PgClient.file(
                "write",
                file(),
                to -> Files.move(unfinished, to, StandardCopyOption.REPLACE_EXISTING));
    }

    /// What the dump holds, in the order in which it can be created.
    List<TocEntry> entries(Section section) {
        if (!Files.exists(file())) {
            make();
        }
        Path list = folder.resolve("schema.list");
        client().offline(
                        "pg_restore",
                        List.of(
                                "--list",
                                "--section=" + section.option,
                                "--file=" + list,
                                "" + file()));
        return PgClient.read(list)
                .lines()
                .flatMap(line -> TocEntry.of(line).stream())
                .filter(entry -> !entry.isLocksteps())
                .toList();
    }

    /// The statements that create `entries`.
    String creates(List<TocEntry> entries) {
        return entries.isEmpty() ? "" : text(entries, List.of());
    }

    /// The statements that drop `entries` and what was built on them, the last one first.
    String drops(List<TocEntry> entries) {
        if (entries.isEmpty()) {
            return "";
        }
        String text = text(entries, List.of("--clean", "--if-exists"));
        Matcher creates = FIRST_ENTRY.matcher(text);
        String before = creates.find() ? text.substring(0, creates.start()) : text;
        return Pattern.compile(";\n")
                .splitAsStream(before)
                .map(String::strip)
                .filter(statement -> statement.startsWith("DROP "))
                .map(statement -> statement + " CASCADE;\n")
                .collect(Collectors.joining());
    }

    private String text(List<TocEntry> entries, List<String> options) {
        Path wanted = folder.resolve("schema.wanted");
        Path sql = folder.resolve("schema.sql");
        List<String> ids = entries.stream().map(entry -> entry.id() + ";").toList();
        PgClient.file("write", wanted, to -> Files.write(to, ids));
        List<String> arguments = new ArrayList<>(options);
        arguments.addAll(List.of("--use-list=" + wanted, "--file=" + sql, "" + file()));
        client().offline("pg_restore", arguments);
        return withoutMetaCommands(PgClient.read(sql));
    }

    static String withoutMetaCommands(String text) {
        Matcher restrict = RESTRICT.matcher(text);
        if (!restrict.find()) {
            return text;
        }
        return text.replaceFirst("(?m)^\\\\restrict " + restrict.group(1) + "$", "")
                .replaceFirst("(?m)^\\\\unrestrict " + restrict.group(1) + "$", "");
    }

    private PgClient client() {
        return new PgClient(tools.get(), folder);
    }

    private Path file() {
        return folder.resolve("schema.dump");
    }
}

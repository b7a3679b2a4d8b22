package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Endpoint;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;

/// Runs programs of a PostgreSQL client. What they write goes to files of the work folder, so that
/// no pipe can fill up and an interrupt always gets through.
final class PgClient {
    private final PgTools tools;
    private final Path folder;

    PgClient(PgTools tools, Path folder) {
        this.tools = tools;
        this.folder = folder;
    }

    /// Runs a program on `endpoint`. The password goes by environment, where other users of the
    /// machine cannot read it.
    void on(Endpoint endpoint, String program, List<String> arguments) {
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "--no-password",
                                "--host=" + endpoint.host(),
                                "--port=" + endpoint.port(),
                                "--username=" + endpoint.user(),
                                "--dbname=" + connectionString(endpoint.database())));
        all.addAll(arguments);
        run(program, all, variables(endpoint), " of \"" + endpoint.label() + "\"");
    }

    /// Runs a program that works on files alone.
    void offline(String program, List<String> arguments) {
        run(program, arguments, Map.of(), "");
    }

    /// A database called `a=b` would be taken for parameters if it came bare.
    private static String connectionString(String database) {
        return "dbname='" + database.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }

    private static Map<String, String> variables(Endpoint endpoint) {
        Properties given = endpoint.urlParameters();
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("PGPASSWORD", endpoint.password().reveal());
        variables.put("PGAPPNAME", "lockstep schema copy");
        variables.put("PGCONNECT_TIMEOUT", "15");
        for (String key : List.of("sslmode", "sslrootcert")) {
            String value = given.getProperty(key);
            if (value != null) {
                variables.put("PG" + key.toUpperCase(Locale.ROOT), value);
            }
        }
        return variables;
    }

    private void run(
            String program, List<String> arguments, Map<String, String> variables, String what) {
        List<String> command = new ArrayList<>();
        command.add(tools.folder().resolve(program).toString());
        command.addAll(arguments);
        Path errors = folder.resolve(program + ".err");
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
        builder.environment().put("LC_ALL", "C");
        builder.environment().putAll(variables);
        builder.redirectInput(Redirect.from(new File("/dev/null")));
        builder.redirectOutput(Redirect.DISCARD).redirectError(errors.toFile());
        int status = file(program, errors, _ -> wait(builder, program));
        if (status != 0) {
            throw new LockstepException(
                    Fault.STATEMENT_FAILED,
                    "%s%s failed: %s; nothing was changed by it. Remove the cause and start again"
                            .formatted(program, what, firstError(errors, status)));
        }
    }

    private static int wait(ProcessBuilder builder, String program) throws IOException {
        Process process = builder.start();
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "waiting for " + program, e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String firstError(Path errors, int status) {
        String text = file("read", errors, Files::readString);
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        return lines.stream()
                .filter(line -> line.contains("error:"))
                .findFirst()
                .or(() -> lines.stream().findFirst())
                .orElse("exit status " + status);
    }

    /// Work with a file.
    interface FileWork<T> {
        T on(Path file) throws IOException;
    }

    static <T> T file(String doing, Path file, FileWork<T> work) {
        try {
            return work.on(file);
        } catch (IOException e) {
            throw new LockstepException(
                    Fault.FILE_FAILED,
                    "cannot %s %s: %s; give this user a folder with room to write in"
                            .formatted(doing, file, e.getMessage()),
                    e);
        }
    }

    static String read(Path file) {
        byte[] bytes = file("read", file, Files::readAllBytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

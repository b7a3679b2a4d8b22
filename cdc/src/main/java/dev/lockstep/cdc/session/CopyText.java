package dev.lockstep.cdc.session;

import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.sql.Session;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyIn;

/// Sends tuples as COPY's text format.
public final class CopyText {
    private static final int BUFFER_CHARS = 64 * 1024;

    private CopyText() {}

    /// Copies the `columns` of each tuple with `sql`, a `COPY ... FROM STDIN`.
    public static void send(Session session, String sql, Collection<Tuple> tuples, int[] columns) {
        session.raw(
                sql,
                connection -> {
                    CopyIn copy = connection.getCopyAPI().copyIn(sql);
                    try {
                        StringBuilder buffer = new StringBuilder();
                        for (Tuple tuple : tuples) {
                            line(buffer, tuple, columns);
                            if (buffer.length() > BUFFER_CHARS) {
                                write(copy, buffer);
                            }
                        }
                        write(copy, buffer);
                        return copy.endCopy();
                    } finally {
                        if (copy.isActive()) {
                            copy.cancelCopy();
                        }
                    }
                });
    }

    private static void write(CopyIn copy, StringBuilder buffer) throws SQLException {
        byte[] bytes = buffer.toString().getBytes(StandardCharsets.UTF_8);
        copy.writeToCopy(bytes, 0, bytes.length);
        buffer.setLength(0);
    }

    private static void line(StringBuilder out, Tuple tuple, int[] columns) {
        for (int i = 0; i < columns.length; i++) {
            if (i > 0) {
                out.append('\t');
            }
            escape(out, tuple.value(columns[i]));
        }
        out.append('\n');
    }

    private static void escape(StringBuilder out, @Nullable String value) {
        if (value == null) {
            out.append("\\N");
            return;
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> out.append(c);
            }
        }
    }
}

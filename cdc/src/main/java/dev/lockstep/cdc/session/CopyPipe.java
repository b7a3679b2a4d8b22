package dev.lockstep.cdc.session;

import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOut;

/// Carries the bytes of one COPY to another without looking at them. One thread does both sides:
/// the sockets' buffers let the servers work at the same time.
public final class CopyPipe {
    private static final int BUFFER_BYTES = 64 * 1024;

    /// The driver hands out a row at a time; rows are gathered, as small messages are dear.
    private final byte[] buffer = new byte[BUFFER_BYTES];

    private int filled;
    private byte @Nullable [] waiting;

    /// Runs both statements and returns how many rows the second one wrote. A failure cuts both
    /// sessions: the driver would wait forever for the end of a COPY that was left half way, even
    /// to roll back.
    ///
    /// @param afterRead runs when everything is read and not everything written
    public long run(Session from, String read, Session to, String write, Runnable afterRead) {
        boolean clean = false;
        try {
            CopyOut reader = from.raw(read, c -> c.getCopyAPI().copyOut(read));
            CopyIn writer = to.raw(write, c -> c.getCopyAPI().copyIn(write));
            boolean more = true;
            while (more) {
                more = from.raw(read, _ -> fill(reader));
                to.raw(write, _ -> empty(writer));
            }
            afterRead.run();
            long rows = to.raw(write, _ -> writer.endCopy());
            clean = true;
            return rows;
        } finally {
            if (!clean) {
                from.abort();
                to.abort();
            }
        }
    }

    /// Reads until the buffer cannot take the next row; false at the end.
    private boolean fill(CopyOut reader) throws SQLException {
        for (byte[] row = reader.readFromCopy(); row != null; row = reader.readFromCopy()) {
            if (row.length > buffer.length - filled) {
                waiting = row;
                return true;
            }
            System.arraycopy(row, 0, buffer, filled, row.length);
            filled += row.length;
        }
        return false;
    }

    private boolean empty(CopyIn writer) throws SQLException {
        if (filled > 0) {
            writer.writeToCopy(buffer, 0, filled);
            filled = 0;
        }
        byte[] row = waiting;
        if (row != null) {
            writer.writeToCopy(row, 0, row.length);
            waiting = null;
        }
        return true;
    }
}

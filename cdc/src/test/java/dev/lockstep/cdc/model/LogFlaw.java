package dev.lockstep.cdc.model;

import dev.lockstep.cdc.model.Pipe.Left;

/// One deviation from the way of the changes through the log, each of which has to be found.
enum LogFlaw {
    NONE(""),
    /// The source is told that a transaction is safe once it is sent.
    CONFIRMED_WHEN_SENT(LogModel.KEPT),
    /// Rows and position are written in two transactions.
    POSITION_APART(LogModel.EXACT),
    /// The applier looks neither at the epoch nor at where the position is.
    ANYBODY_WRITES(LogModel.FITS),
    /// What the log holds twice is written twice.
    TWICE(LogModel.FITS),
    /// Records are read whoever wrote them and whatever is missing between them.
    READ_ANYHOW(LogModel.FALSE_ALARM),
    /// A transaction whose end is not in the log is written.
    TORN_WRITTEN(LogModel.EXACT),
    /// The log's end is looked up before the slot's.
    LOG_BEFORE_SLOT(LogModel.FALSE_ALARM),
    /// Nobody looks whether slot, log and standby fit together.
    NO_LOOK_FOR_GAPS(LogModel.FITS),
    /// It is looked for a gap at the start only, and not between transactions.
    NO_LOOK_BETWEEN(LogModel.FITS),
    /// What was read is trimmed, also where it is not on the standby.
    TRIMMED_WHEN_READ(LogModel.KEPT);

    final String claim;

    /// @param claim what it breaks
    LogFlaw(String claim) {
        this.claim = claim;
    }

    /// What shows it.
    Left left() {
        return switch (this) {
            case READ_ANYHOW -> new Left(2, 0, 1, 0);
            case NO_LOOK_FOR_GAPS, NO_LOOK_BETWEEN -> new Left(2, 0, 0, 1);
            default -> new Left(2, 1, 0, 0);
        };
    }
}

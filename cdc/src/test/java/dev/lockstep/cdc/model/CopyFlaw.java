package dev.lockstep.cdc.model;

/// One deviation from the protocol of a copy, each of which the exploration has to find.
enum CopyFlaw {
    NONE(""),
    /// Chunks are read before changes are kept.
    READ_BEFORE_SLOT(CopyModel.EXACT),
    /// A chunk is noted as done in a transaction of its own, before its rows.
    BOOKED_BEFORE_ROWS(CopyModel.EXACT),
    /// A chunk is noted as done in a transaction of its own, after its rows.
    BOOKED_AFTER_ROWS(CopyModel.ONCE),
    /// Changes are written before the last chunk is.
    APPLIED_DURING_COPY(CopyModel.ONCE),
    /// Changes are taken for exact from the beginning.
    STRICT_AT_ONCE(CopyModel.EXACT),
    /// Rows that replay could not complete are not copied again.
    NOT_COPIED_AGAIN(CopyModel.EXACT),
    /// Rows are copied again while the standby stands elsewhere.
    COPIED_AGAIN_ANYWHERE(CopyModel.EXACT),
    /// The cut's snapshot is an ordinary one, beside a position that is read apart.
    ORDINARY_SNAPSHOT(CopyModel.EXACT),
    /// The position moves in a transaction of its own, before the rows.
    POSITION_BEFORE_ROWS(CopyModel.EXACT),
    /// The position moves in a transaction of its own, after the rows.
    POSITION_AFTER_ROWS(CopyModel.EXACT),
    /// A transaction is written change by change.
    HALF_TRANSACTIONS(CopyModel.EXACT);

    final String claim;

    /// @param claim what it breaks
    CopyFlaw(String claim) {
        this.claim = claim;
    }
}

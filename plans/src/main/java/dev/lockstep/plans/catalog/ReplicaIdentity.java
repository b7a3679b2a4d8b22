package dev.lockstep.plans.catalog;

/// What PostgreSQL writes to the WAL to say which row an UPDATE or DELETE touched.
public enum ReplicaIdentity {
    DEFAULT('d'),
    INDEX('i'),
    FULL('f'),
    NOTHING('n');

    private final char code;

    ReplicaIdentity(char code) {
        this.code = code;
    }

    /// Reads `pg_class.relreplident`.
    static ReplicaIdentity of(String code) {
        for (ReplicaIdentity identity : values()) {
            if (identity.code == code.charAt(0)) {
                return identity;
            }
        }
        throw new AssertionError("unknown replica identity " + code);
    }
}

package dev.lockstep.orchestrator.stage;

public final class SchemaCopy {
    public SchemaCopy(
            dev.lockstep.plans.sql.Db a,
            dev.lockstep.plans.sql.Db b,
            dev.lockstep.plans.catalog.Scope s,
            dev.lockstep.plans.catalog.Catalog c,
            java.nio.file.Path f) {}

    public void check(dev.lockstep.plans.fault.Problems p) {}

    public void restoreTables() {}

    public void restoreKeys() {}

    public void restoreRest() {}

    public void dropAll() {}
}

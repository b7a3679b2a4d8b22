package dev.lockstep.orchestrator.verify;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.ServerCheck;
import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/// What holds the rows of both sides, and what changes those that a stream brings. Older snapshots
/// find a truncated table empty, so what differs then may be nothing but that; and a table that was
/// rewritten may have other values without a change that a stream could carry.
record TablesState(OfSide active, OfSide standby) {
    record OfSide(TableFiles files, List<String> meddlers) {
        static OfSide of(Session session, List<TableName> tables) {
            return new OfSide(
                    TableFiles.of(session, tables), ServerCheck.meddlers(session, tables));
        }

        String text() {
            return files.text() + "\n" + meddlers;
        }
    }

    /// That of now, while `side` is active.
    static TablesState of(Run run, Side side, List<TablePair> pairs) {
        return new TablesState(
                run.db(side).call(session -> OfSide.of(session, actives(pairs))),
                run.db(side.other()).call(session -> OfSide.of(session, standbys(pairs))));
    }

    /// That of now, as sessions on both sides see it.
    static TablesState of(SessionPair sessions, List<TablePair> pairs) {
        return new TablesState(
                OfSide.of(sessions.active(), actives(pairs)),
                OfSide.of(sessions.standby(), standbys(pairs)));
    }

    /// The files as they were at the moment of the snapshots that `sessions` are in.
    static TablesState seen(SessionPair sessions, List<TablePair> pairs) {
        return new TablesState(
                new OfSide(TableFiles.seen(sessions.active(), actives(pairs)), List.of()),
                new OfSide(TableFiles.seen(sessions.standby(), standbys(pairs)), List.of()));
    }

    /// This one, but for some of the tables, of which `later` is.
    TablesState with(TablesState later) {
        return new TablesState(
                new OfSide(active.files().with(later.active.files()), active.meddlers()),
                new OfSide(standby.files().with(later.standby.files()), standby.meddlers()));
    }

    private static List<TableName> actives(List<TablePair> pairs) {
        return pairs.stream().map(pair -> pair.active().name()).toList();
    }

    private static List<TableName> standbys(List<TablePair> pairs) {
        return pairs.stream().map(pair -> pair.standby().name()).toList();
    }

    /// Those of `pairs` that have other files in `later` on either side, by the active's names.
    Set<TableName> changed(TablesState later, List<TablePair> pairs) {
        Set<TableName> changed = new HashSet<>(active.files().changed(later.active.files()));
        Set<TableName> there = standby.files().changed(later.standby.files());
        pairs.stream()
                .filter(pair -> there.contains(pair.standby().name()))
                .forEach(pair -> changed.add(pair.active().name()));
        return changed;
    }

    /// What else is not the same in `later`, as text; nothing where all is.
    List<String> altered(TablesState later) {
        List<String> altered = new ArrayList<>();
        altered("active", active, later.active, altered);
        altered("standby", standby, later.standby, altered);
        return altered;
    }

    private static void altered(String side, OfSide before, OfSide later, List<String> altered) {
        before.files()
                .reshaped(later.files())
                .forEach(table ->
                        altered.add("table \"%s\" of the %s was altered".formatted(table, side)));
        if (!before.meddlers().equals(later.meddlers())) {
            altered.add(
                    "triggers or rules of the %s that fire for replicated changes came or went"
                            .formatted(side));
        }
    }

    /// Tells it from any other, together with the tables' own form.
    String form(Moved moved, Side side) {
        OfSide source = side == Side.SOURCE ? active : standby;
        OfSide target = side == Side.SOURCE ? standby : active;
        String all = String.join("\n", moved.form(), source.text(), target.text());
        return UUID.nameUUIDFromBytes(all.getBytes(StandardCharsets.UTF_8)).toString();
    }
}

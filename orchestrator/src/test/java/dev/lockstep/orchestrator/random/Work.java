package dev.lockstep.orchestrator.random;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import java.util.List;
import java.util.Random;

/// What one transaction does, by chance.
final class Work {
    /// How many keys there may be of a table, so that they are met often.
    static final int KEYS = 120;

    private final Random random;
    private final List<Shape> shapes;
    private final Statements statements;

    Work(Random random, List<Shape> shapes) {
        this.random = random;
        this.shapes = shapes;
        this.statements = new Statements(random);
    }

    /// Brings rows into a table that is empty.
    void fill(Session session, Shape shape, int rows) {
        for (int i = 0; i < rows; i++) {
            try {
                statements.insert(session, shape, random.nextInt(KEYS), "");
            } catch (LockstepException e) {
                if (!Writers.isRefusedByChance(e)) {
                    throw e;
                }
            }
        }
    }

    /// Some statements, some of them taken back.
    void some(Session session) {
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            if (random.nextInt(5) == 0) {
                savepoint(session);
            } else {
                statement(session, any());
            }
        }
    }

    private Shape any() {
        return shapes.get(random.nextInt(shapes.size()));
    }

    private void savepoint(Session session) {
        session.run("SAVEPOINT here");
        try {
            statement(session, any());
            session.run(random.nextBoolean() ? "ROLLBACK TO here" : "RELEASE here");
        } catch (LockstepException e) {
            if (!Writers.isRefusedByChance(e)) {
                throw e;
            }
            session.run("ROLLBACK TO here");
        }
        if (random.nextBoolean()) {
            statement(session, any());
        }
    }

    private void statement(Session session, Shape shape) {
        int n = random.nextInt(KEYS);
        switch (random.nextInt(40)) {
            case 0, 1, 2, 3, 4, 5, 6 -> statements.insert(session, shape, n, "");
            case 7, 8, 9, 10 -> statements.insertOrUpdate(session, shape, n);
            case 11 -> statements.insertMany(session, shape, n);
            case 12, 13 -> statements.copy(session, shape, n);
            case 14, 15, 16, 17, 18, 19, 20 ->
                    statements.update(session, shape, " WHERE " + shape.where(n));
            case 21, 22 -> statements.update(session, shape, statements.someOf(shape, 12));
            case 23, 24, 25 -> statements.changeKey(session, shape, n);
            case 26, 27, 28 -> statements.swap(session, shape);
            case 29, 30 -> statements.shift(session, shape);
            case 31, 32, 33 -> statements.delete(session, shape, " WHERE " + shape.where(n));
            case 34 -> statements.delete(session, shape, statements.someOf(shape, 20));
            case 35, 36, 37 -> {
                statements.delete(session, shape, " WHERE " + shape.where(n));
                statements.insert(session, shape, n, "");
            }
            case 38 -> statements.update(session, shape, "");
            default -> {
                if (random.nextInt(4) == 0) {
                    statements.truncate(session, shape);
                }
            }
        }
    }
}

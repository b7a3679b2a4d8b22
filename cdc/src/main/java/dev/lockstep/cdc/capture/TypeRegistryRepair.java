package dev.lockstep.cdc.capture;

import dev.lockstep.plans.fault.Check;
import io.debezium.connector.postgresql.PostgresType;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.ConstantInstruction;
import java.util.concurrent.atomic.AtomicInteger;

/// Lets Debezium read a database whose types it would stumble over.
///
/// When it starts it reads every type there is, used or not, and takes all of the category of enums
/// for enums with labels. A domain over an enum has that category and no labels of its own, an enum
/// may have none yet, and either ends the start with a `NullPointerException`. Nothing that
/// Debezium calls can be replaced from outside, so the query is mended in the class: a type without
/// labels is of no category.
final class TypeRegistryRepair {
    private static final String REGISTRY = "TypeRegistry";
    private static final String CATEGORY = "t.typcategory as category";
    private static final String MENDED =
            "CASE WHEN t.typcategory = 'E' AND e.values IS NULL THEN 'U'"
                    + " ELSE t.typcategory END as category";

    private TypeRegistryRepair() {}

    /// To be called once, before anything else of Debezium's connector is used.
    static void apply() {
        AtomicInteger queries = new AtomicInteger();
        CodeTransform change =
                (builder, element) -> {
                    if (element instanceof ConstantInstruction.LoadConstantInstruction load
                            && load.constantValue() instanceof String text
                            && text.contains(CATEGORY)) {
                        queries.incrementAndGet();
                        builder.ldc(text.replace(CATEGORY, MENDED));
                    } else {
                        builder.with(element);
                    }
                };
        MendedClass.load(PostgresType.class, REGISTRY, change);
        Check.that(queries.get() == 3, "%d queries for types in Debezium, not 3", queries.get());
    }
}

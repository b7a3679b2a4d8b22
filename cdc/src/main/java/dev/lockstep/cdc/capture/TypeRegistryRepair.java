package dev.lockstep.cdc.capture;

import dev.lockstep.plans.fault.Check;
import io.debezium.connector.postgresql.PostgresType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.atomic.AtomicInteger;

/// Lets Debezium read a database whose types it would stumble over.
///
/// When it starts it reads every type there is, used or not, and takes all of the category of enums
/// for enums with labels. A domain over an enum has that category and no labels of its own, an enum
/// may have none yet, and either ends the start with a `NullPointerException`. Nothing that
/// Debezium calls can be replaced from outside, so the query is mended in the class, before it is
/// loaded: a type without labels is of no category.
final class TypeRegistryRepair {
    private static final String REGISTRY = "TypeRegistry";
    private static final String CATEGORY = "t.typcategory as category";
    private static final String MENDED =
            "CASE WHEN t.typcategory = 'E' AND e.values IS NULL THEN 'U'"
                    + " ELSE t.typcategory END as category";

    private TypeRegistryRepair() {}

    /// To be called once, before anything else of Debezium's connector is used.
    static void apply() {
        try (InputStream in = PostgresType.class.getResourceAsStream(REGISTRY + ".class")) {
            Check.that(in != null, "Debezium has no class %s", REGISTRY);
            byte[] mended = mended(java.util.Objects.requireNonNull(in).readAllBytes());
            var _ =
                    MethodHandles.privateLookupIn(PostgresType.class, MethodHandles.lookup())
                            .defineClass(mended);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] mended(byte[] original) {
        AtomicInteger queries = new AtomicInteger();
        CodeTransform code =
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
        ClassModel registry = ClassFile.of().parse(original);
        byte[] mended =
                ClassFile.of()
                        .transformClass(registry, ClassTransform.transformingMethodBodies(code));
        Check.that(queries.get() == 3, "%d queries for types in Debezium, not 3", queries.get());
        return mended;
    }
}

package dev.lockstep.cdc.capture;

import dev.lockstep.plans.fault.Check;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.invoke.MethodHandles;
import java.util.Objects;

/// A class of Debezium's that nothing can replace from outside, changed before it is loaded.
final class MendedClass {
    private MendedClass() {}

    /// Loads the class `name` with `change` made to its methods.
    ///
    /// @param neighbour another class of its package
    static void load(Class<?> neighbour, String name, CodeTransform change) {
        try (InputStream in = neighbour.getResourceAsStream(name + ".class")) {
            Check.that(in != null, "Debezium has no class %s", name);
            ClassModel original = ClassFile.of().parse(Objects.requireNonNull(in).readAllBytes());
            byte[] mended =
                    ClassFile.of()
                            .transformClass(
                                    original, ClassTransform.transformingMethodBodies(change));
            var _ =
                    MethodHandles.privateLookupIn(neighbour, MethodHandles.lookup())
                            .defineClass(mended);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }
}

package dev.lockstep.plans.plan;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;

/// A folder to write plans into, and what comes of reading them.
record PlanFolder(Path folder, Map<String, String> environment) {
    /// The least that a plan needs, six lines long; tests add keys below.
    static final String MINIMAL =
            """
            lockstep: 1
            name: shop
            source: { url: "jdbc:postgresql://db1:5432/shop", user: mover, password: hush-1 }
            target: { url: "jdbc:postgresql://db2:5432/shop", user: mover, password: hush-2 }
            # from here on: the test's own
            """;

    PlanFolder {
        environment = Map.copyOf(environment);
    }

    static PlanFolder at(Path folder) {
        return new PlanFolder(folder, Map.of());
    }

    PlanFolder with(String name, String value) {
        return new PlanFolder(folder, Map.of(name, value));
    }

    Plan read(String yaml) {
        return PlanFile.read(write(yaml), environment);
    }

    Path write(String yaml) {
        try {
            return Files.writeString(folder.resolve("plan.yaml"), yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The problems of `yaml`, each as `line: text`, those of the whole file as the text alone.
    List<String> problems(String yaml) {
        return problems(write(yaml));
    }

    List<String> problems(Path file) {
        LockstepException e =
                catchThrowableOfType(
                        LockstepException.class, () -> PlanFile.read(file, environment));
        Assertions.assertThat(e).as("no problem in the plan").isNotNull();
        Assertions.assertThat(e.fault()).isEqualTo(Fault.PLAN_INVALID);
        String[] lines = e.text().split("\n  - ", -1);
        return Arrays.stream(lines).skip(1).map(p -> p.replace(file + ":", "").strip()).toList();
    }
}

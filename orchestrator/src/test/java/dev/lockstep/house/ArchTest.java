package dev.lockstep.house;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The arrows between modules and packages, read from the compiled classes.
class ArchTest {
    private static final String PLANS = "dev.lockstep.plans..";
    private static final String CDC = "dev.lockstep.cdc..";
    private static final String VALIDATORS = "dev.lockstep.validators..";
    private static final String ORCHESTRATOR = "dev.lockstep.orchestrator..";

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .withImportOption(location -> !location.contains("-tests.jar"))
                    .importPackages("dev.lockstep");

    /// Rules about classes that were not found would all hold.
    @Test
    void everySourceFileIsSeenAsAClass() {
        Set<String> seen = CLASSES.stream().map(JavaClass::getName).collect(Collectors.toSet());
        Set<String> written =
                House.files(".java").stream()
                        .filter(House::isMain)
                        .map(ArchTest::className)
                        .collect(Collectors.toSet());
        assertThat(seen).containsAll(written);
    }

    @Test
    void plansSeeNoOtherModule() {
        mayNotSee(PLANS, CDC, VALIDATORS, ORCHESTRATOR);
    }

    /// What checks the copy shares no code with what made it.
    @Test
    void cdcAndValidatorsNeverSeeEachOther() {
        mayNotSee(CDC, VALIDATORS, ORCHESTRATOR);
        mayNotSee(VALIDATORS, CDC, ORCHESTRATOR);
    }

    @Test
    void packagesFormNoCycles() {
        slices().matching("dev.lockstep.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void kafkaAndDebeziumStayInCaptureAndLog() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.lockstep.cdc.capture..", "dev.lockstep.cdc.log..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.kafka..", "kafka..", "io.debezium..")
                .check(CLASSES);
    }

    @Test
    void loggingIsSlf4j() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.util.logging..", "org.apache.logging..")
                .check(CLASSES);
    }

    private static void mayNotSee(String module, String... others) {
        noClasses()
                .that()
                .resideInAPackage(module)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(others)
                .check(CLASSES);
    }

    private static String className(Path file) {
        String name = House.name(file);
        return name.substring(name.indexOf("/java/") + "/java/".length(), name.length() - 5)
                .replace('/', '.');
    }
}

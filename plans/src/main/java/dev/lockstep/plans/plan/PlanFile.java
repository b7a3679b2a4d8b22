package dev.lockstep.plans.plan;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Endpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// A plan file: YAML to a [Plan], or to everything that is wrong with it.
///
/// The same rules, as far as they concern one file alone, stand in `plan.schema.json` for editors.
public final class PlanFile {
    private static final List<String> KEYS =
            List.of(
                    "lockstep",
                    "name",
                    "source",
                    "target",
                    "kafka",
                    "tables",
                    "schema",
                    "backfill",
                    "verify",
                    "cutover",
                    "complete",
                    "limits",
                    "reports");

    /// The keys of a change inside one database.
    private static final List<String> INSIDE = List.of("database", "versions", "change");

    private static final String INSIDE_FOUND =
            " belongs to a change inside one database, expected source and target: this version"
                    + " moves between two databases only";

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,39}");
    private static final String NAME_EXPECTED =
            "up to 40 of a-z, 0-9 and -, with a letter first, like shop-2";
    private static final String VERSION_EXPECTED = "1, the plan format of this version";

    private final Path folder;
    private final String hash;
    private final Section plan;

    /// @param hash of the file
    private PlanFile(Path folder, String hash, Section plan) {
        this.folder = folder;
        this.hash = hash;
        this.plan = plan;
    }

    /// Reads `file` and fills in the variables of `environment`.
    ///
    /// @throws LockstepException `PLAN_INVALID` with all problems, each with file and line
    public static Plan read(Path file, Map<String, String> environment) {
        Findings findings = new Findings(file);
        Path folder = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
        Optional<Plan> plan =
                root(file, new Variables(folder, environment, findings), findings)
                        .flatMap(root ->
                                new PlanFile(folder.normalize(), PlanText.hash(file), root).plan());
        findings.throwIfAny();
        return plan.orElseThrow(() -> new AssertionError("no plan and no problem"));
    }

    private static Optional<Section> root(Path file, Variables variables, Findings findings) {
        try {
            return PlanYaml.parse(PlanText.read(file), variables, findings)
                    .flatMap(root ->
                            isBetweenDatabases(root, findings)
                                    ? Optional.of(Section.of("", 1, root, KEYS, findings))
                                    : Optional.empty());
        } catch (PlanText.Unreadable e) {
            findings.addOfFile("the file " + e.why());
            return Optional.empty();
        }
    }

    private static boolean isBetweenDatabases(Node.Fields root, Findings findings) {
        Optional<Node.Field> inside =
                root.fields().stream().filter(f -> INSIDE.contains(f.key())).findFirst();
        inside.ifPresent(field -> findings.addAlone(field.line(), field.key() + INSIDE_FOUND));
        return inside.isEmpty();
    }

    /// Every key is looked at, whatever is wrong with the others.
    private Optional<Plan> plan() {
        if (plan.require("lockstep", VERSION_EXPECTED)) {
            plan.value("lockstep", VERSION_EXPECTED, Units.number(1, 1));
        }
        Optional<String> name =
                plan.require("name", NAME_EXPECTED)
                        ? plan.value("name", NAME_EXPECTED, PlanFile::name)
                        : Optional.empty();
        Optional<Endpoint> source = EndpointReader.read(plan, "source");
        Optional<Endpoint> target = EndpointReader.read(plan, "target");
        if (source.isPresent() && target.isPresent()) {
            requireTwo(source.get(), target.get());
        }
        Plan.Kafka kafka = KafkaReader.read(plan);
        Section tables = plan.sectionOrEmpty("tables", TablesReader.KEYS);
        Scope scope = TablesReader.scope(tables);
        Mapping mapping = TablesReader.mapping(tables);
        SettingsReader settings = new SettingsReader(plan, folder);
        Plan.Schema schema = settings.schema();
        Plan.Backfill backfill = settings.backfill();
        Plan.Verify verify = settings.verify();
        Plan.Cutover cutover = settings.cutover(new GateReader.Sides(source, target));
        Plan.Complete complete = settings.complete();
        Plan.Limits limits = settings.limits();
        Plan.Reports reports = new Plan.Reports(settings.reports(), hash);
        return name.flatMap(n ->
                source.flatMap(from ->
                        target.map(to ->
                                new Plan(
                                        n, folder, from, to, kafka, scope, mapping, schema,
                                        backfill, verify, cutover, complete, limits, reports))));
    }

    private static Optional<String> name(String text) {
        return Optional.of(text).filter(t -> NAME.matcher(t).matches());
    }

    private void requireTwo(Endpoint source, Endpoint target) {
        if (EndpointReader.isSame(source, target)) {
            plan.report(
                    plan.line("target"),
                    "source and target are both %s, expected two databases"
                            .formatted(target.label()));
        }
    }
}

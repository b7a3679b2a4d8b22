package dev.lockstep.house;

import com.sun.source.tree.BlockTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreeScanner;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Walks one source file and writes down what breaks a rule. Not for use by two threads.
final class Inspection extends TreeScanner<@Nullable Void, @Nullable Void> {
    private static final int METHOD_LINES = 40;

    private final SyntaxTrees sources;
    private final CompilationUnitTree unit;
    private final String file;
    private final boolean main;
    private final List<String> longMethods = new ArrayList<>();
    private final List<String> banned = new ArrayList<>();
    private final List<String> systemClocks = new ArrayList<>();

    Inspection(SyntaxTrees sources, CompilationUnitTree unit) {
        this.sources = sources;
        this.unit = unit;
        this.file = House.name(sources.file(unit));
        this.main = House.isMain(sources.file(unit));
        scan(unit, null);
    }

    List<String> longMethods() {
        return longMethods;
    }

    List<String> banned() {
        return banned;
    }

    /// Where the real clock is taken; everybody else is given one.
    List<String> systemClocks() {
        return systemClocks;
    }

    @Override
    public @Nullable Void visitMethod(MethodTree method, @Nullable Void none) {
        BlockTree body = method.getBody();
        if (body != null) {
            var positions = sources.trees().getSourcePositions();
            long first = line(positions.getStartPosition(unit, body));
            long lines = line(positions.getEndPosition(unit, body)) - first + 1;
            if (lines > METHOD_LINES) {
                longMethods.add(at(method) + " " + method.getName() + " has " + lines + " lines");
            }
        }
        return super.visitMethod(method, null);
    }

    @Override
    public @Nullable Void visitMemberSelect(MemberSelectTree select, @Nullable Void none) {
        checkExpression(select, select.toString());
        return super.visitMemberSelect(select, null);
    }

    @Override
    public @Nullable Void visitMemberReference(MemberReferenceTree reference, @Nullable Void none) {
        checkExpression(reference, reference.toString().replace("::", "."));
        return super.visitMemberReference(reference, null);
    }

    @Override
    public @Nullable Void visitLiteral(LiteralTree literal, @Nullable Void none) {
        if (literal.getValue() instanceof String text) {
            check(literal, text, Banned.SQL);
        }
        return super.visitLiteral(literal, null);
    }

    private void checkExpression(Tree tree, String text) {
        check(tree, text, Banned.EXPRESSIONS);
        if (main && text.matches("(InstantSource\\.system|Clock\\.system\\w*)")) {
            systemClocks.add(file);
        }
    }

    private void check(Tree tree, String text, List<Banned> rules) {
        if (!main) {
            return;
        }
        for (Banned rule : rules) {
            if (rule.matches(file, text)) {
                banned.add(at(tree) + " " + text.strip() + ": use " + rule.instead());
            }
        }
    }

    private String at(Tree tree) {
        return file + ":" + line(sources.trees().getSourcePositions().getStartPosition(unit, tree));
    }

    private long line(long position) {
        return unit.getLineMap().getLineNumber(position);
    }
}

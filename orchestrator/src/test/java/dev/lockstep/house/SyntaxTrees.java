package dev.lockstep.house;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/// Java sources as javac's parser sees them: what stands in a comment or a string is not code.
record SyntaxTrees(List<CompilationUnitTree> units, Trees trees) {
    static SyntaxTrees of(List<Path> files) {
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        try (var manager = javac.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            var sources = manager.getJavaFileObjectsFromPaths(files);
            var task = (JavacTask) javac.getTask(null, manager, null, null, null, sources);
            List<CompilationUnitTree> units = new ArrayList<>();
            task.parse().forEach(units::add);
            return new SyntaxTrees(units, Trees.instance(task));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path file(CompilationUnitTree unit) {
        return Path.of(unit.getSourceFile().toUri());
    }
}

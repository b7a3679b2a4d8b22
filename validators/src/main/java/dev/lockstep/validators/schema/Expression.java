package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.validators.TablePair;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a server prints of an expression or a definition, in a form in which that of the active and
/// that of the standby are equal where they say the same under the names of each side.
///
/// Columns are told from all else by where they stand, so a type or a collation of the very name of
/// a renamed column may be taken for it; then two definitions differ that are the same, or the
/// other way round.
final class Expression {
    private static final Pattern TOKEN =
            Pattern.compile(
                    "(?s)(?<text>E'[^'\\\\]*+(?:(?:\\\\.|'')[^'\\\\]*+)*+'"
                            + "|'[^']*+(?:''[^']*+)*+')(?<class>::regclass\\b)?"
                            + "|\"(?<quoted>[^\"]*+(?:\"\"[^\"]*+)*+)\""
                            + "|(?<word>[A-Za-z_\\x{80}-\\x{10FFFF}][\\w$\\x{80}-\\x{10FFFF}]*+)"
                            + "|(?<blank>\\s++)|.");

    private static final Pattern QUALIFIED =
            Pattern.compile("(\"(?:[^\"]|\"\")+\"|[^\".]+)\\.(\"(?:[^\"]|\"\")+\"|[^\".]+)");

    /// What is no column, by what stands before it.
    private static final Pattern NO_COLUMN =
            Pattern.compile("(?s).*(::|(?<!\"(new|old)\")\\.|\"COLLATE\" )");

    private static final int LOOK_BACK = 16;

    private final UnaryOperator<String> columns;
    private final UnaryOperator<TableName> relations;

    private Expression(UnaryOperator<String> columns, UnaryOperator<TableName> relations) {
        this.columns = columns;
        this.relations = relations;
    }

    /// The form of what the standby prints.
    static String ofStandby(String sql) {
        return new Expression(column -> column, relation -> relation).form(sql);
    }

    /// The form of what the standby has to print where the active prints `sql` of a table.
    static String ofActive(String sql, TablePair pair, Extent extent) {
        return new Expression(pair::standbyColumn, extent::standbyName).form(sql);
    }

    private String form(String sql) {
        StringBuilder form = new StringBuilder();
        Matcher token = TOKEN.matcher(sql);
        while (token.find()) {
            if (token.group("word") != null) {
                String word = token.group("word");
                form.append(new Ident(name(word, form, sql.substring(token.end()))));
            } else if (token.group("quoted") != null) {
                String name = unquoted(token.group());
                form.append(new Ident(name(name, form, sql.substring(token.end()))));
            } else if (token.group("class") != null) {
                form.append(relation(token.group("text"))).append("::regclass");
            } else {
                form.append(token.group("blank") != null ? " " : token.group());
            }
        }
        return form.toString().strip();
    }

    private String name(String name, StringBuilder before, String after) {
        String last = before.substring(Math.max(0, before.length() - LOOK_BACK));
        boolean other =
                NO_COLUMN.matcher(last).matches()
                        || after.startsWith(".")
                        || after.stripLeading().startsWith("(");
        return other ? name : columns.apply(name);
    }

    private String relation(String literal) {
        String text = literal.substring(1, literal.length() - 1).replace("''", "'");
        Matcher name = QUALIFIED.matcher(text);
        return name.matches()
                ? relations
                        .apply(new TableName(unquoted(name.group(1)), unquoted(name.group(2))))
                        .sql()
                : literal;
    }

    private static String unquoted(String name) {
        return name.startsWith("\"")
                ? name.substring(1, name.length() - 1).replace("\"\"", "\"")
                : name;
    }
}

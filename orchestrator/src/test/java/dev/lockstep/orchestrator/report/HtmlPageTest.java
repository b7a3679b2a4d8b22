package dev.lockstep.orchestrator.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.run.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HtmlPageTest {
    private static final String EVIL = "<script>alert('x')</script>&\"<img src=x onerror=y>";

    @Test
    void whateverAValueIsItComesOutAsText() {
        var tree =
                Json.treeOf(
                        Map.of(
                                EVIL,
                                EVIL,
                                "inner",
                                Map.of(EVIL, EVIL, "deep", List.of(EVIL)),
                                "rows",
                                List.of(Map.of(EVIL, EVIL, "cell", List.of(EVIL))),
                                "lines",
                                List.of(EVIL)));

        String page = HtmlPage.of(EVIL, tree);

        assertThat(page).doesNotContain("<script", "<img", "'x'");
        assertThat(page).contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;");
    }

    @Test
    void everyFactHasItsPlace() {
        var tree =
                Json.tree(
                        """
                        {"verdict": "match", "fitForSwitch": false, "rows": 1234567, "pause": null,
                         "about": {"planHash": "abc"}, "findings": [],
                         "compared": [{"table": "a", "rows": 5}, {"table": "b", "more": 1.5}]}\
                        """);

        String page = HtmlPage.of("It", tree);

        assertThat(page)
                .contains(
                        "<td class=\"good\">match</td>",
                        "<th scope=\"row\">fit for switch</th><td class=\"bad\">no</td>",
                        "<td>1,234,567</td>",
                        "<th scope=\"row\">plan hash</th><td>abc</td>",
                        "<h2>findings</h2>\n<p>none</p>",
                        "<th>table</th><th>rows</th><th>more</th>",
                        "<tr><td>b</td><td></td><td class=\"number\">1.5</td></tr>",
                        "color-scheme: light dark");
    }
}

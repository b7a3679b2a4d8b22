package dev.lockstep.orchestrator.pgbouncer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.orchestrator.pgbouncer.IniEntry.Unfit;
import dev.lockstep.plans.gate.GateSpec.Server;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigFileTest {
    private static final Server NEW = new Server("10.0.0.2", 6000, "new db");

    @TempDir Path folder;

    private Path write(String text) throws IOException {
        return Files.write(
                folder.resolve("pgbouncer.ini"), text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private String read(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    }

    /// The settings of an entry, where they lead, and what they become.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "host=a port=1 dbname=d | a:1/d | host=10.0.0.2 port=6000 dbname='new db'",
                "host=a | a:5432/shop | port=6000 dbname='new db' host=10.0.0.2",
                "user=u host = 'a' port= '1'  pool_size=3 | a:1/shop |"
                        + " dbname='new db' user=u host = 10.0.0.2 port= 6000  pool_size=3",
                "HOST=a connect_query='SET x TO ''host=b''' | a:5432/shop | port=6000"
                        + " dbname='new db' HOST=10.0.0.2 connect_query='SET x TO ''host=b'''",
                "host=/run/pg dbname='it''s' | /run/pg:5432/it's |"
                        + " port=6000 host=10.0.0.2 dbname='new db'",
            })
    void onlyThePlaceIsChanged(String settings, String leads, String becomes) throws Exception {
        String before =
                """
                ; caf\u00e9, shop = host=x
                # shop = host=y
                [users]
                shop = host=z
                [databases]
                \tshop\t=  %s\t
                shop2 = host=b

                [pgbouncer]
                shop = host=c
                """;
        Path file = write(before.formatted(settings));
        ConfigFile found = ConfigFile.find(file, "shop");

        assertThat(found.server()).hasToString(leads);
        found.leadTo(NEW);

        assertThat(read(file)).isEqualTo(before.formatted(becomes));
        assertThat(ConfigFile.find(file, "shop").server()).isEqualTo(NEW);
    }

    @Test
    void thereAndBackIsWhatItWas() throws Exception {
        String text = "[databases]\r\nshop = host=a port=5432 dbname=shop pool_size=2\r\n";
        Path file = write(text);
        Server old = ConfigFile.find(file, "shop").server();

        ConfigFile.find(file, "shop").leadTo(new Server("b", 1, "c"));
        assertThat(read(file))
                .isEqualTo(text.replace("host=a port=5432 dbname=shop", "host=b port=1 dbname=c"));
        ConfigFile.find(file, "shop").leadTo(old);
        assertThat(read(file)).isEqualTo(text);
    }

    @Test
    void whatSomebodySavesMeanwhileIsKept() throws Exception {
        Path file = write("[databases]\nshop = host=a\n");
        ConfigFile found = ConfigFile.find(file, "shop");
        String saved = "[databases]\nshop = host=a\nmore = host=b\n";
        Files.writeString(file, saved);

        assertThatThrownBy(() -> found.leadTo(NEW))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("was changed by somebody else");

        assertThat(read(file)).isEqualTo(saved);
    }

    @Test
    void whatADeadProcessLeftBesideItIsRemoved() throws Exception {
        Path file = write("[databases]\nshop = host=a\n");
        Path left = Files.createFile(folder.resolve(".pgbouncer.ini123.lockstep"));

        ConfigFile.find(file, "shop").rehearse(NEW);

        assertThat(left).doesNotExist();
        assertThat(read(file)).isEqualTo("[databases]\nshop = host=a\n");
    }

    @Test
    void anEmptyEntryGetsWhatItNeeds() throws Exception {
        Path file = write("[databases]\nshop=\n");

        ConfigFile.find(file, "shop").leadTo(new Server("b", 1, "c"));

        assertThat(read(file)).isEqualTo("[databases]\nshop=host=b port=1 dbname=c\n");
    }

    @Test
    void namesInQuotesAndInAnyScriptAreFound() throws Exception {
        Path file =
                Files.writeString(
                        folder.resolve("a.ini"), "[databases]\n\"caf\u00e9 = \"\"x\" = host=a\n");

        assertThat(ConfigFile.find(file, "caf\u00e9 = \"x").server().host()).isEqualTo("a");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "host=a,b | several hosts",
                "host=a host=b | has host twice",
                "host=a port=x | the port \"x\"",
                "host='a | a quote that does not end",
                "postgres://a/b | is not a list of key=value",
                "host | is not a list of key=value",
            })
    void whatIsNotUnderstoodIsRefused(String settings, String why) throws IOException {
        String text = "[databases]\nshop = " + settings + "\n";
        Path file = write(text);

        assertThatThrownBy(() -> ConfigFile.find(file, "shop").leadTo(NEW))
                .isInstanceOf(Unfit.class)
                .hasMessageContaining(why);
        assertThat(read(file)).isEqualTo(text);
    }

    @Test
    void oneEntryIsExpected() throws IOException {
        Path none = write("[databases]\n* = host=a\n");
        assertThatThrownBy(() -> ConfigFile.find(none, "shop"))
                .hasMessage("has no entry \"shop\" in [databases]");
        Path two = write("[databases]\nshop = host=a\nshop = host=b\n");
        assertThatThrownBy(() -> ConfigFile.find(two, "shop"))
                .hasMessage("has several entries \"shop\" in [databases]");
    }

    @Test
    void includedFilesAreFollowedAndLinksStay() throws Exception {
        Path real = Files.createDirectory(folder.resolve("real")).resolve("db.ini");
        Files.writeString(real, "shop = host=a\n");
        Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-r-----"));
        Path link = Files.createSymbolicLink(folder.resolve("link.ini"), real);
        String text = "[databases]\n%include " + link + "\n[pgbouncer]\n";
        Path file = write(text);

        ConfigFile.find(file, "shop").leadTo(new Server("b", 5432, "shop"));

        assertThat(read(file)).isEqualTo(text);
        assertThat(read(real)).isEqualTo("shop = host=b\n");
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(real)))
                .isEqualTo("rw-r-----");
        try (var files = Files.list(real.getParent())) {
            assertThat(files).containsExactly(real);
        }
    }

    @Test
    void anIncludeThatCannotBeFollowedIsRefused() throws IOException {
        Path relative = write("[databases]\n%include db.ini\n");
        assertThatThrownBy(() -> ConfigFile.find(relative, "shop"))
                .hasMessageContaining("give it an absolute path");
        Path itself = write("%include " + folder.resolve("pgbouncer.ini") + "\n");
        assertThatThrownBy(() -> ConfigFile.find(itself, "shop"))
                .hasMessageContaining("more than 10 deep");
    }
}

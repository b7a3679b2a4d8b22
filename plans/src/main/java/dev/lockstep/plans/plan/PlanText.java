package dev.lockstep.plans.plan;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Reads small text files whole. Bounded, so that a device or a dump given by mistake does no harm.
final class PlanText {
    static final int BYTES_MAX = 1 << 20;

    /// Why a file cannot be used, as the end of a sentence that starts with the file.
    static final class Unreadable extends Exception {
        Unreadable(String why) {
            super(why);
        }

        String why() {
            return String.valueOf(getMessage());
        }
    }

    private PlanText() {}

    static String read(Path file) throws Unreadable {
        byte[] bytes = bytes(file);
        if (bytes.length > BYTES_MAX) {
            throw new Unreadable("is larger than 1 MiB, expected a small text file");
        }
        try {
            String text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new Unreadable("is not UTF-8, expected text in UTF-8");
        }
    }

    /// SHA-256 of a file, as tools print it; empty where it has gone meanwhile.
    static String hash(Path file) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes(file));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        } catch (Unreadable e) {
            return "";
        }
    }

    private static byte[] bytes(Path file) throws Unreadable {
        if (Files.isDirectory(file)) {
            throw new Unreadable("is a folder, expected a file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(BYTES_MAX + 1);
        } catch (NoSuchFileException e) {
            throw new Unreadable("does not exist, expected a file");
        } catch (AccessDeniedException e) {
            throw new Unreadable("may not be read by this user, expected a readable file");
        } catch (IOException e) {
            throw new Unreadable("cannot be read, expected a readable file");
        }
    }
}

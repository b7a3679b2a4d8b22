package dev.lockstep.orchestrator.pgbouncer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/// The client's part of SCRAM-SHA-256, without channel binding, and of PostgreSQL's older md5.
final class Scram {
    static final String NAME = "SCRAM-SHA-256";

    private static final int NONCE_BYTES = 18;
    private static final int KEY_BITS = 256;
    private static final int ROUNDS_MAX = 10_000_000;

    private final String password;
    private final String first;
    private String expected = "";

    Scram(String password) {
        byte[] nonce = new byte[NONCE_BYTES];
        new SecureRandom().nextBytes(nonce);
        this.password = password;
        this.first = "n=,r=" + Base64.getEncoder().encodeToString(nonce);
    }

    /// What the client says first.
    String clientFirst() {
        return "n,," + first;
    }

    /// The proof that the client knows the password.
    String clientFinal(String serverFirst) throws IOException {
        Map<String, String> said = fields(serverFirst);
        String nonce = said.getOrDefault("r", "");
        int rounds = Integer.parseInt(said.getOrDefault("i", "0"));
        if (!nonce.startsWith(first.substring("n=,r=".length()))
                || rounds < 1
                || rounds > ROUNDS_MAX) {
            throw new IOException("the server's part of the login makes no sense");
        }
        byte[] salt = Base64.getDecoder().decode(said.getOrDefault("s", ""));
        String bare = "c=biws,r=" + nonce;
        String all = first + "," + serverFirst + "," + bare;
        try {
            PBEKeySpec spec = new PBEKeySpec(password.toCharArray(), salt, rounds, KEY_BITS);
            byte[] salted =
                    SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                            .generateSecret(spec)
                            .getEncoded();
            byte[] key = hmac(salted, "Client Key");
            byte[] signature = hmac(MessageDigest.getInstance("SHA-256").digest(key), all);
            for (int i = 0; i < key.length; i++) {
                key[i] ^= signature[i];
            }
            expected = Base64.getEncoder().encodeToString(hmac(hmac(salted, "Server Key"), all));
            return bare + ",p=" + Base64.getEncoder().encodeToString(key);
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java cannot log in with " + NAME, e);
        }
    }

    /// Fails where the server does not know the password itself.
    void check(String serverFinal) throws IOException {
        if (!fields(serverFinal).getOrDefault("v", "").equals(expected)) {
            throw new IOException("the server does not know the password that it asks for");
        }
    }

    /// The answer where the server wants md5.
    static String md5(String user, String password, byte[] salt) throws IOException {
        try {
            MessageDigest md5 = MessageDigest.getInstance("MD5");
            byte[] inner = md5.digest((password + user).getBytes(StandardCharsets.UTF_8));
            md5.update(HexFormat.of().formatHex(inner).getBytes(StandardCharsets.US_ASCII));
            return "md5" + HexFormat.of().formatHex(md5.digest(salt));
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java cannot log in with md5", e);
        }
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, String> fields(String message) {
        return Stream.of(message.split(",", -1))
                .filter(field -> field.length() > 1 && field.charAt(1) == '=')
                .collect(
                        Collectors.toMap(
                                field -> field.substring(0, 1),
                                field -> field.substring(2),
                                (one, _) -> one));
    }
}

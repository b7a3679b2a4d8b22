package dev.lockstep.plans.sql;

import dev.lockstep.plans.fault.Check;
import java.util.Properties;
import org.postgresql.Driver;

/// Where a database is and who connects to it.
public record Endpoint(String url, String user, Secret password) {
    /// Startup options that beat `ALTER ROLE` and `ALTER DATABASE ... SET`. Each changes how a
    /// value looks as text, what a name means, or how long a statement takes and when it gives up;
    /// the last ones have the server notice when our machine is gone.
    private static final String PINNED =
            """
            -c extra_float_digits=1 -c intervalstyle=postgres -c bytea_output=hex \
            -c lc_monetary=C -c datestyle=ISO,YMD -c timezone=UTC -c xmlbinary=base64 \
            -c xmloption=content -c search_path=pg_catalog -c row_security=off \
            -c default_transaction_read_only=off -c default_transaction_isolation=read\\ committed \
            -c session_replication_role=origin -c check_function_bodies=off \
            -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 \
            -c idle_session_timeout=0 -c client_min_messages=warning -c exit_on_error=off \
            -c array_nulls=on -c quote_all_identifiers=off -c standard_conforming_strings=on \
            -c transform_null_equals=off -c synchronous_commit=on -c jit=off \
            -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 \
            -c tcp_user_timeout=30000\
            """;

    /// The pinned options without those that only a superuser may set at start.
    static final String OPTIONS =
            PINNED.replace("-c session_replication_role=origin ", "").replaceAll("\\s+", " ");

    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    public Endpoint {
        Check.that(parse(url) != null, "not a PostgreSQL URL: %s", url);
    }

    /// Whether pgjdbc understands `url`.
    public static boolean isValidUrl(String url) {
        return url.startsWith("jdbc:postgresql:") && parse(url) != null;
    }

    /// `host:port/database`, for messages; without parameters, which may hold secrets.
    public String label() {
        return host() + ":" + port() + "/" + database();
    }

    public String host() {
        return parsed("PGHOST").split(",", -1)[0];
    }

    public int port() {
        return Integer.parseInt(parsed("PGPORT").split(",", -1)[0]);
    }

    public String database() {
        return parsed("PGDBNAME");
    }

    /// Everything that pgjdbc needs to connect, with the pinned settings.
    public Properties properties(String applicationName) {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password.reveal());
        properties.setProperty("ApplicationName", applicationName);
        properties.setProperty("options", OPTIONS);
        properties.setProperty("connectTimeout", "10");
        properties.setProperty("loginTimeout", "15");
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("stringtype", "unspecified");
        properties.setProperty("assumeMinServerVersion", "14");
        return properties;
    }

    /// The parameters behind the `?` of the URL, for libraries that take them apart.
    public Properties urlParameters() {
        Properties parameters = parse(url);
        Properties own = new Properties();
        if (parameters != null) {
            parameters.forEach((key, value) -> {
                if (!((String) key).startsWith("PG")) {
                    own.put(key, value);
                }
            });
        }
        return own;
    }

    /// The pinned options, and those of them that only a server of this major version knows.
    public String options(int major) {
        return major < TRANSACTION_TIMEOUT_SINCE ? OPTIONS : OPTIONS + " -c transaction_timeout=0";
    }

    @Override
    public String toString() {
        return user + "@" + label();
    }

    private String parsed(String key) {
        Properties parameters = parse(url);
        Check.that(parameters != null, "not a PostgreSQL URL");
        return parameters == null ? "" : parameters.getProperty(key, "");
    }

    private static @org.jspecify.annotations.Nullable Properties parse(String url) {
        return Driver.parseURL(url, new Properties());
    }
}

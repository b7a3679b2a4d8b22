package dev.lockstep.orchestrator.gate;

import dev.lockstep.orchestrator.gate.Passage.Occasion;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.gate.GateSpec.Action.Call;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A call of the operator's, over HTTP.
final class CallHook {
    private static final int ANSWER_SHOWN = 500;

    private final Passage passage;
    private final Occasion occasion;

    CallHook(Passage passage, Occasion occasion) {
        this.passage = passage;
        this.occasion = occasion;
    }

    private record Answer(int status, String body) {}

    /// Makes the call; says what went wrong, if anything.
    Optional<String> failureOf(Call call, Duration atMost) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(call.url())
                        .timeout(atMost)
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(Json.write(passage.body(occasion))));
        call.headers().forEach((name, value) -> request.setHeader(name, value.reveal()));
        HttpClient client = HttpClient.newBuilder().connectTimeout(atMost).build();
        try {
            CompletableFuture<Answer> answer =
                    client.sendAsync(request.build(), BodyHandlers.ofInputStream())
                            .thenApplyAsync(CallHook::read);
            Answer got = answer.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
            return got.status() / 100 == 2
                    ? Optional.empty()
                    : Optional.of(
                            "was answered with status %d, expected 2xx%s"
                                    .formatted(got.status(), got.body()));
        } catch (TimeoutException e) {
            return Optional.of(late(atMost));
        } catch (ExecutionException e) {
            return Optional.of(
                    e.getCause() instanceof HttpTimeoutException
                            ? late(atMost)
                            : "failed: " + reason(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(
                    Fault.INTERRUPTED, "hook %s was interrupted".formatted(occasion), e);
        } finally {
            client.shutdownNow();
        }
    }

    private static String late(Duration atMost) {
        return "was not answered within %d ms".formatted(atMost.toMillis());
    }

    /// Some exceptions of the client have no message.
    private static String reason(@Nullable Throwable e) {
        return e == null
                ? "no reason is known"
                : e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static Answer read(HttpResponse<InputStream> response) {
        try (InputStream body = response.body()) {
            String text = new String(body.readNBytes(ANSWER_SHOWN), StandardCharsets.UTF_8).strip();
            return new Answer(response.statusCode(), text.isEmpty() ? "" : ": " + text);
        } catch (IOException e) {
            return new Answer(response.statusCode(), "");
        }
    }
}

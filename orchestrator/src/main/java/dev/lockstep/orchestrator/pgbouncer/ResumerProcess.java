package dev.lockstep.orchestrator.pgbouncer;

import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Server;
import dev.lockstep.plans.sql.Secret;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The other end of a [Resumer]: a process that waits for the end of the one that pauses.
public final class ResumerProcess {
    static final int READY = 'r';
    static final int ARM = 'a';
    static final int DISMISS = 'd';
    private static final int GONE = -1;

    /// A pause that is over by the plan may still be on its way to its end.
    private static final Duration MARGIN = Duration.ofSeconds(5);

    /// A PAUSE that was on its way when its sender died may still arrive.
    private static final Duration CALM = Duration.ofSeconds(3);

    private static final Duration LOOK_EVERY = Duration.ofMillis(100);
    private static final Duration GIVE_UP = Duration.ofMinutes(10);

    private final List<GateSpec.PgBouncer> all;
    private final Duration pauseMax;
    private final BlockingQueue<Integer> words = new LinkedBlockingQueue<>();

    private ResumerProcess(List<GateSpec.PgBouncer> all, Duration pauseMax) {
        this.all = all;
        this.pauseMax = pauseMax;
    }

    /// Takes no arguments: all that it needs comes by standard input.
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Thread main = Thread.currentThread();
        DataInputStream in = new DataInputStream(System.in);
        ResumerProcess resumer = read(in);
        // Ctrl-C reaches this process too, and must not end it before its work is done.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> join(main)));
        Thread listener = new Thread(() -> resumer.listen(in));
        listener.setDaemon(true);
        listener.start();
        resumer.warmUp();
        try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
            out.write(READY);
        }
        resumer.work();
    }

    private static void join(Thread main) {
        try {
            main.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ResumerProcess read(DataInputStream in) throws IOException {
        Duration pauseMax = Duration.ofMillis(in.readLong());
        int count = in.readInt();
        List<GateSpec.PgBouncer> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            GateSpec.Console console =
                    new GateSpec.Console(
                            in.readUTF(), in.readInt(), in.readUTF(), new Secret(in.readUTF()));
            Server nowhere = new Server("", 0, "");
            all.add(
                    new GateSpec.PgBouncer(
                            console, Path.of(""), in.readUTF(), nowhere, nowhere, pauseMax));
        }
        return new ResumerProcess(all, pauseMax);
    }

    private void listen(DataInputStream in) {
        try {
            while (true) {
                words.add((int) in.readByte());
            }
        } catch (EOFException e) {
            words.add(GONE);
        } catch (IOException e) {
            words.add(GONE);
        }
    }

    /// Loads what it will need, so that it needs no time then.
    private void warmUp() {
        for (GateSpec.PgBouncer each : all) {
            try (Bouncer bouncer = new Bouncer(each)) {
                var _ = bouncer.shown();
            } catch (IOException e) {
                // Who pauses will find that too.
            }
        }
    }

    private void work() throws InterruptedException {
        @Nullable Integer word = words.take();
        if (word == ARM) {
            word = words.poll(pauseMax.plus(MARGIN).toMillis(), TimeUnit.MILLISECONDS);
        }
        if (word == null || word != DISMISS) {
            resume();
        }
    }

    private void resume() throws InterruptedException {
        List<Thread> threads =
                all.stream().map(each -> new Thread(() -> resume(new Bouncer(each)))).toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void resume(Bouncer bouncer) {
        long start = System.nanoTime();
        long calmSince = 0;
        while (System.nanoTime() - start < GIVE_UP.toNanos() && !isDismissed()) {
            try {
                bouncer.resumeIfPaused();
                long now = System.nanoTime();
                calmSince = calmSince == 0 ? now : calmSince;
                if (now - calmSince > CALM.toNanos()) {
                    break;
                }
            } catch (IOException e) {
                calmSince = 0;
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
        bouncer.close();
    }

    private boolean isDismissed() {
        return words.contains(DISMISS);
    }
}

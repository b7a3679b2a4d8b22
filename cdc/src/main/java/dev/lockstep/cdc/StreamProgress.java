package dev.lockstep.cdc;

import java.time.Duration;

/// How a stream is doing.
///
/// @param captured row changes that the log has taken, over all the stream's time
/// @param applied those of them that are on the standby
/// @param lag how long ago the active had what the standby has not, at most; zero when nothing is
///   outstanding
public record StreamProgress(long captured, long applied, Duration lag) {}

/// The pictures of a camera's track, one after the other, each with its own time. The reader closes them.

/// Not in every TypeScript yet.
interface TrackProcessor {
    readonly readable: ReadableStream<VideoFrame>;
}
declare const MediaStreamTrackProcessor: {new(init: {track: MediaStreamTrack}): TrackProcessor} | undefined;

export async function* framesOf(track: MediaStreamTrack, video: HTMLVideoElement): AsyncGenerator<VideoFrame> {
    if (typeof MediaStreamTrackProcessor !== "undefined") {
        const reader = new MediaStreamTrackProcessor({track}).readable.getReader();
        try {
            for (;;) {
                const {value, done} = await reader.read();
                if (done) return;
                yield value;
            }
        } finally {
            void reader.cancel().catch(() => undefined);
        }
    }
    // Where there is no such reader: what the element shows, as soon as it is told. Its capture time is the frame's
    // own where the browser says it, else when it was shown.
    while (track.readyState === "live") {
        const meta = await new Promise<VideoFrameCallbackMetadata & {now: number}>((resolve) =>
            video.requestVideoFrameCallback((now, facts) => resolve({...facts, now})));
        yield new VideoFrame(video, {timestamp: Math.round((meta.captureTime ?? meta.now) * 1000)});
    }
}

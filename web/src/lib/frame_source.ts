/// The pictures of a camera's track, one after the other, each with its own time. The reader closes them, and reads on at
/// once. What comes while the whole page is busy is lost, and counted where the browser says how much that is.

import {GivenPictures} from "./given_pictures.ts";

/// Not in every TypeScript yet.
interface TrackProcessor {
    readonly readable: ReadableStream<VideoFrame>;
}
interface CountingTrack {
    /// `discardedFrames`: left out by the browser, for the rate that was asked for.
    readonly stats?: {readonly totalFrames: number; readonly discardedFrames: number};
}
declare const MediaStreamTrackProcessor: {new(init: {track: MediaStreamTrack}): TrackProcessor} | undefined;

export interface SourcePicture {
    frame: VideoFrame;
    /// Pictures that came between the one before and this one, and were not given out.
    missed: number;
}

function givenBy(track: CountingTrack): number | null {
    const {stats} = track;
    return stats?.totalFrames === undefined ? null : stats.totalFrames - stats.discardedFrames;
}

export async function* framesOf(track: MediaStreamTrack, video: HTMLVideoElement): AsyncGenerator<SourcePicture> {
    if (typeof MediaStreamTrackProcessor !== "undefined") {
        const reader = new MediaStreamTrackProcessor({track}).readable.getReader();
        const pictures = new GivenPictures();
        try {
            for (;;) {
                const {value, done} = await reader.read();
                if (done) return;
                yield {frame: value, missed: pictures.see(value.timestamp, givenBy(track as CountingTrack))};
            }
        } finally {
            void reader.cancel().catch(() => undefined);
        }
    }
    // Where there is no such reader: what the element shows, as soon as it is told. Its capture time is the frame's
    // own where the browser says it, else when it was shown.
    let presented: number | null = null;
    while (track.readyState === "live") {
        const meta = await new Promise<VideoFrameCallbackMetadata & {now: number}>((resolve) =>
            video.requestVideoFrameCallback((now, facts) => resolve({...facts, now})));
        const missed: number = presented === null ? 0 : Math.max(0, meta.presentedFrames - presented - 1);
        presented = meta.presentedFrames;
        yield {frame: new VideoFrame(video, {timestamp: Math.round((meta.captureTime ?? meta.now) * 1000)}), missed};
    }
}

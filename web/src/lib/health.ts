/// What this device says of itself once a second (docs/camera.md, "Health").

/// Not in TypeScript's library; some browsers do not have it.
interface Battery {
    readonly level: number;
    readonly charging: boolean;
}
type WithBattery = {getBattery?: () => Promise<Battery>};

export interface Facts {
    fps: number;
    encoderQueue: number;
    unsent: number;
    unsentBytes: number;
    lost: number;
    isAwake: boolean;
    isHidden: boolean;
}

export class Health {
    /// It changes by itself.
    private battery: Battery | null = null;

    async findBattery(of: WithBattery): Promise<void> {
        this.battery = await of.getBattery?.().catch(() => null) ?? null;
    }

    /// 0 to 1; null: not known.
    get level(): number | null {
        return this.battery?.level ?? null;
    }

    message(facts: Facts): object {
        return {
            type: "health",
            ...(this.battery ? {battery: this.battery.level, charging: this.battery.charging} : {}),
            fps: facts.fps, encoder_queue: facts.encoderQueue, unsent: facts.unsent, unsent_bytes: facts.unsentBytes,
            lost: facts.lost, awake: facts.isAwake, hidden: facts.isHidden,
        };
    }
}

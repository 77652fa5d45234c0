/// What kind of device this is, as far as its browser says: the server knows a camera again by it, so that it must not
/// change with the browser's version.

/// Not in TypeScript's library; some browsers do not have it.
interface AgentData {
    platform: string;
    getHighEntropyValues?: (hints: string[]) => Promise<{model?: string}>;
}

export async function deviceModel(of: {platform?: string; userAgentData?: AgentData}): Promise<string> {
    const agent = of.userAgentData;
    const values = await agent?.getHighEntropyValues?.(["model"]).catch(() => null);
    return values?.model || agent?.platform || of.platform || "browser";
}

#include "mp4/track_boxes.h"

#include "media/avc_config.h"

namespace st::mp4 {
namespace {

/// VisualSampleEntry, without the boxes at its end.
void write_visual_entry(Boxes& out, const media::Sps& sps) {
    out.zeros(6);
    out.u16(1);
    out.zeros(16);
    out.u16(sps.width);
    out.u16(sps.height);
    out.u32(0x480000);
    out.u32(0x480000);
    out.u32(0);
    out.u16(1);
    out.zeros(32);
    out.u16(0x18);
    out.u16(0xFFFF);
}

/// 14496-1, 7.2.6: an elementary stream of JPEG pictures (object type 0x6C).
void write_jpeg(Boxes& out, const media::Sps& sps) {
    const Box mp4v(out, "mp4v");
    write_visual_entry(out, sps);
    const Box esds(out, "esds", 0, 0);
    out.u8(0x03);  // ES_Descriptor
    out.u8(21);
    out.u16(1);
    out.u8(0);
    out.u8(0x04);  // DecoderConfigDescriptor
    out.u8(13);
    out.u8(0x6C);
    out.u8(0x11);  // visual stream
    out.zeros(3 + 4 + 4);
    out.u8(0x06);  // SLConfigDescriptor: as MP4 has it
    out.u8(1);
    out.u8(2);
}

void write_entry(Boxes& out, const VideoFormat& format) {
    const media::Sps& sps = format.sps;
    if (format.is_jpeg) return write_jpeg(out, sps);
    const Box avc1(out, "avc1");
    write_visual_entry(out, sps);
    {
        const Box avcc(out, "avcC");
        out.bytes(encode_avcc(format).bytes());
    }
    const media::Vui& vui = sps.vui;
    if (vui.has_colour || vui.full_range) {
        const Box colr(out, "colr");
        out.text("nclx");
        out.u16(vui.colour_primaries);
        out.u16(vui.transfer);
        out.u16(vui.matrix);
        out.u8(vui.full_range ? 0x80 : 0);
    }
    if (vui.sar_height != 0) {
        const Box pasp(out, "pasp");
        out.u32(vui.sar_width);
        out.u32(vui.sar_height);
    }
}

}  // namespace

std::uint64_t seconds_since_1904(std::int64_t wall_us) {
    constexpr std::uint64_t kSecondsFrom1904To1970 = 2'082'844'800;
    if (wall_us <= 0) return 0;
    return static_cast<std::uint64_t>(wall_us) / 1'000'000 + kSecondsFrom1904To1970;
}

/// 14496-12, 6.2.2: { a b u  c d v  x y w }; a point (p, q) is shown at (ap + cq + x, bp + dq + y).
Matrix matrix_of(unsigned rotate, std::uint32_t width, std::uint32_t height) {
    constexpr std::uint32_t kOne = 0x10000;
    constexpr std::uint32_t kMinusOne = 0xFFFF0000;
    const std::uint32_t shift_x = rotate == 90 ? height : rotate == 180 ? width : 0;
    const std::uint32_t shift_y = rotate == 180 ? height : rotate == 270 ? width : 0;
    const std::uint32_t cos = rotate == 0 ? kOne : rotate == 180 ? kMinusOne : 0;
    const std::uint32_t sin = rotate == 90 ? kOne : rotate == 270 ? kMinusOne : 0;
    const std::uint32_t minus_sin = rotate == 90 ? kMinusOne : rotate == 270 ? kOne : 0;
    Matrix matrix{};
    std::uint8_t* at = matrix.data();
    for (const std::uint32_t v :
         {cos, sin, 0U, minus_sin, cos, 0U, shift_x << 16, shift_y << 16, 0x40000000U}) {
        store_be32(at, v);
        at += sizeof v;
    }
    return matrix;
}

void write_file_type(Boxes& out, bool is_fragmented) {
    const Box ftyp(out, "ftyp");
    out.text(is_fragmented ? "iso5" : "isom");
    out.u32(0x200);
    out.text(is_fragmented ? "iso5iso6avc1mp41" : "isomiso2avc1mp41");
}

void write_movie_header(Boxes& out, const MovieHeader& header) {
    const Box mvhd(out, "mvhd", header.version, 0);
    out.time(header.version, header.created);
    out.time(header.version, header.created);
    out.u32(header.ticks_per_second);
    out.time(header.version, header.duration);
    out.u32(0x10000);  // rate 1.0
    out.u16(0x100);    // volume
    out.zeros(10);
    out.bytes(matrix_of());
    out.zeros(24);
    out.u32(header.next_track);
}

void write_track_header(Boxes& out, const TrackHeader& header) {
    const Box tkhd(out, "tkhd", header.version, 3);  // enabled, in the movie
    out.time(header.version, header.created);
    out.time(header.version, header.created);
    out.u32(header.id);
    out.u32(0);
    out.time(header.version, header.duration);
    out.zeros(8 + 2 + 2);
    out.u16(header.is_sound ? 0x100 : 0);  // volume
    out.u16(0);
    out.bytes(header.matrix);
    out.u32(header.width);
    out.u32(header.height);
}

void write_media_header(Boxes& out, const MediaHeader& header) {
    const Box mdhd(out, "mdhd", header.version, 0);
    out.time(header.version, header.created);
    out.time(header.version, header.created);
    out.u32(header.ticks_per_second);
    out.time(header.version, header.duration);
    out.u16(0x55C4);  // language: und
    out.u16(0);
}

void write_edit_list(Boxes& out, unsigned version, std::span<const MovieEdit> edits) {
    const Box edts(out, "edts");
    const Box elst(out, "elst", version, 0);
    out.u32(edits.size());
    for (const MovieEdit& edit : edits) {
        out.time(version, edit.duration);
        out.time(version, static_cast<std::uint64_t>(edit.media));
        out.u32(0x10000);
    }
}

void write_kind_header(Boxes& out, bool is_sound) {
    const Box header(out, is_sound ? "smhd" : "vmhd", 0, is_sound ? 0 : 1);
    out.zeros(is_sound ? 4 : 8);
}

void write_hdlr(Boxes& out, std::string_view type, std::string_view name) {
    const Box box(out, "hdlr", 0, 0);
    out.u32(0);
    out.text(type);
    out.zeros(12);
    out.text(name);
    out.u8(0);
}

void write_data_reference(Boxes& out) {
    const Box dinf(out, "dinf");
    const Box dref(out, "dref", 0, 0);
    out.u32(1);
    const Box url(out, "url ", 0, 1);
}

Buffer encode_avcc(const VideoFormat& format) {
    const std::vector<Bytes> sps_list(format.sps_list.begin(), format.sps_list.end());
    const std::vector<Bytes> pps_list(format.pps_list.begin(), format.pps_list.end());
    return media::encode_avc_config(sps_list, pps_list);
}

std::uint32_t shown_width(const media::Sps& sps) {
    std::uint64_t width = std::uint64_t{sps.width} << 16;
    if (sps.vui.sar_height != 0) width = width * sps.vui.sar_width / sps.vui.sar_height;
    return static_cast<std::uint32_t>(std::min(width, kU32Max));
}

void write_sample_descriptions(Boxes& out, const VideoFormat& first,
                               std::span<const VideoFormat> others) {
    const Box stsd(out, "stsd", 0, 0);
    out.u32(1 + others.size());
    write_entry(out, first);
    for (const VideoFormat& format : others) write_entry(out, format);
}

}  // namespace st::mp4

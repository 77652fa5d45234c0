#include "config/listing.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace st::config {
namespace {

/// A key, an object or a list of the file to be.
struct Node {
    std::string name;  ///< empty: an entry of a list
    const Layers::Entry* entry = nullptr;
    bool is_list = false;
    std::vector<std::unique_ptr<Node>> children{};

    Node& child(std::string_view wanted) {
        for (const auto& one : children) {
            if (one->name == wanted) return *one;
        }
        children.push_back(std::make_unique<Node>(Node{.name = std::string(wanted)}));
        return *children.back();
    }

    Node& list_entry(std::size_t index) {
        is_list = true;
        while (children.size() <= index) children.push_back(std::make_unique<Node>());
        return *children[index];
    }
};

/// "listeners[0].port": the node of each part, made where it is missing.
Node& node_at(Node& root, std::string_view path) {
    Node* at = &root;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('.'), path.size());
        const std::string_view part = path.substr(0, end);
        const std::size_t bracket = std::min(part.find('['), part.size());
        at = &at->child(part.substr(0, bracket));
        if (bracket < part.size()) {
            at = &at->list_entry(std::stoul(std::string(part.substr(bracket + 1))));
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return *at;
}

class Writer {
 public:
    Writer(const Schema& schema, const std::set<std::string>& hidden)
        : schema_(schema), hidden_(hidden) {}

    std::string write(const Node& root) {
        out_ = "{\n";
        write_children(root, "    ", "");
        return out_ + "}\n";
    }

 private:
    /// An object that is null or off: as its members, it is not there.
    static bool is_off(const Node& node) { return node.entry && node.entry->value == "null"; }
    bool is_hidden(const Node& node) const {
        return node.entry && hidden_.contains(node.entry->path);
    }

    void write_children(const Node& node, const std::string& indent, const std::string& path) {
        // The comma belongs behind the last but one that is no comment.
        const Node* last = nullptr;
        for (const auto& child : node.children) {
            if (!is_hidden(*child)) last = child.get();
        }
        for (const auto& child : node.children) {
            const std::string child_path =
                node.is_list ? path + "[]" : path + (path.empty() ? "" : ".") + child->name;
            write_child(*child, indent, child_path, child.get() == last ? "" : ",");
        }
    }

    void write_child(const Node& node, const std::string& indent, const std::string& path,
                     const std::string& comma) {
        const Key* key = node.name.empty() ? nullptr : schema_.find(path);
        if (key != nullptr && !key->help.empty()) write_comment(indent, key->help);
        const std::string source =
            node.entry ? "  // " + clean_text(node.entry->source, std::string::npos) : "";
        const std::string begin = indent + (is_hidden(node) ? "// " : "") +
                                  (node.name.empty() ? std::string() : '"' + node.name + "\": ");
        if (node.children.empty() || is_off(node)) {
            out_ += begin + (node.entry ? node.entry->value : "{}") + comma + source + "\n";
            return;
        }
        out_ += begin + (node.is_list ? "[" : "{") + source + "\n";
        write_children(node, indent + "    ", path);
        out_ += indent + (node.is_list ? "]" : "}") + comma + "\n";
    }

    /// In lines of at most 100 characters.
    void write_comment(const std::string& indent, const std::string& text) {
        constexpr std::size_t kWidth = 100;
        std::string line = indent + "//";
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find(' ', at), text.size());
            const std::string word = text.substr(at, end - at);
            if (line.size() + 1 + word.size() > kWidth) {
                out_ += line + "\n";
                line = indent + "//";
            }
            line += " " + word;
            at = end + 1;
        }
        out_ += line + "\n";
    }

    const Schema& schema_;
    const std::set<std::string>& hidden_;
    std::string out_;
};

}  // namespace

std::string listing(const Schema& schema, const std::vector<Layers::Entry>& entries,
                    const std::set<std::string>& hidden) {
    Node root;
    for (const Layers::Entry& entry : entries) node_at(root, entry.path).entry = &entry;
    return Writer(schema, hidden).write(root);
}

}  // namespace st::config

#include "core/model/weights/pickle.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "core/base/text.h"

namespace omniq::model::pickle {
namespace {

using Kind = Value::Kind;

// The elements of the storage classes of torch; a storage of another class is opaque.
const std::map<std::string_view, at::ScalarType> kStorages = {
    {"torch.DoubleStorage", at::kDouble}, {"torch.FloatStorage", at::kFloat},
    {"torch.HalfStorage", at::kHalf},     {"torch.BFloat16Storage", at::kBFloat16},
    {"torch.LongStorage", at::kLong},     {"torch.IntStorage", at::kInt},
    {"torch.ShortStorage", at::kShort},   {"torch.CharStorage", at::kChar},
    {"torch.ByteStorage", at::kByte},     {"torch.BoolStorage", at::kBool},
};

class Reader {
 public:
  Reader(std::string_view bytes, const ReadStorage& read_storage)
      : bytes_(bytes), read_storage_(read_storage) {}

  Document run() {
    opaque_ = make(Kind::opaque);
    while (step(byte())) {
    }
    document_.root = pop();
    return std::move(document_);
  }

 private:
  // ---- bytes
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) throw Malformed("it ends too early");
    const std::string_view out = bytes_.substr(at_, count);
    at_ += count;
    return out;
  }
  unsigned char byte() { return static_cast<unsigned char>(take(1)[0]); }
  std::uint64_t number(int width) {
    const std::string_view raw = take(static_cast<std::uint64_t>(width));
    std::uint64_t out = 0;
    for (int i = width - 1; i >= 0; --i)
      out = out << 8 | static_cast<unsigned char>(raw[static_cast<std::size_t>(i)]);
    return out;
  }
  std::string line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) throw Malformed("it ends too early");
    const std::string out(bytes_.substr(at_, end - at_));
    at_ = end + 1;
    return out;
  }

  // ---- values and the stack
  // Every value, and every place that refers to one, is counted: what a few bytes can make of each
  // other by being repeated would otherwise know no end.
  void charge(std::size_t bytes) {
    constexpr std::size_t kSmall = 16 << 20, kPerByte = 24;
    spent_ += bytes;
    if (spent_ > kSmall + kPerByte * bytes_.size())
      throw Malformed("its values take far more memory than the file");
  }
  Value* make(Kind kind) {
    charge(sizeof(Value));
    Value& value = document_.values.emplace_back();
    value.kind = kind;
    return &value;
  }
  void push(Value* value) {
    charge(sizeof value);
    stack_.push_back(value);
  }
  void push_opaque() { push(opaque_); }
  void push_integer(std::int64_t integer) {
    push(make(Kind::integer));
    stack_.back()->integer = integer;
  }
  void push_text(std::string_view text) {
    charge(text.size());
    push(make(Kind::text));
    stack_.back()->text = text;
  }
  // Where the objects above the last mark begin; nothing below it may be popped.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Value* pop() {
    if (stack_.size() <= floor()) throw Malformed("its stack runs empty");
    Value* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Value* top() {
    if (stack_.size() <= floor()) throw Malformed("its stack runs empty");
    return stack_.back();
  }
  std::vector<Value*> pop_to_mark() {
    if (marks_.empty()) throw Malformed("a mark is missing");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Value*> out(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return out;
  }
  void push_list(std::vector<Value*> items) {
    charge(items.size() * sizeof(Value*));
    push(make(Kind::list));
    stack_.back()->items = std::move(items);
  }
  void push_tuple(int count) {
    std::vector<Value*> items(static_cast<std::size_t>(count));
    for (auto item = items.rbegin(); item != items.rend(); ++item) *item = pop();
    push_list(std::move(items));
  }
  void set_items(Value* target, const std::vector<Value*>& pairs) {
    if (pairs.size() % 2 != 0) throw Malformed("a dict has a key without a value");
    if (target->kind != Kind::dict) return;  // an opaque object's items are of no interest
    charge(pairs.size() * sizeof(Value*));
    for (std::size_t i = 0; i < pairs.size(); i += 2)
      target->entries.emplace_back(pairs[i], pairs[i + 1]);
  }
  void append_items(Value* target, const std::vector<Value*>& items) {
    if (target->kind != Kind::list) return;
    charge(items.size() * sizeof(Value*));
    target->items.insert(target->items.end(), items.begin(), items.end());
  }
  void remember(std::uint64_t index) {
    charge(sizeof(*memo_.begin()));
    memo_[index] = top();
  }
  void recall(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) throw Malformed("it refers to a value that it does not hold");
    push(found->second);
  }

  // ---- tensors
  static const Value* item(const Value* tuple, std::size_t i, Kind kind) {
    if (tuple->kind != Kind::list || tuple->items.size() <= i || tuple->items[i]->kind != kind)
      return nullptr;
    return tuple->items[i];
  }

  // ("storage", class, key, device, elements)
  Value* storage(const Value* id) {
    const Value* type = item(id, 1, Kind::global);
    const Value* key = item(id, 2, Kind::text);
    if (item(id, 0, Kind::text) == nullptr || type == nullptr || key == nullptr) {
      throw Malformed("it refers to something outside that is no tensor storage");
    }
    const auto dtype = kStorages.find(type->text);
    if (dtype == kStorages.end()) return opaque_;
    Value*& known = storages_[key->text];
    if (known != nullptr) return known;
    const at::Tensor raw = read_storage_(key->text);
    const auto item_bytes = static_cast<std::int64_t>(c10::elementSize(dtype->second));
    if (raw.numel() % item_bytes != 0)
      throw Malformed(cat("the data of storage ", key->text, " have a broken size"));
    if (dtype->second == at::kBool && raw.gt(1).any().item<bool>()) {
      throw Malformed(cat("storage ", key->text, " is of bool but has bytes other than 0 and 1"));
    }
    known = make(Kind::storage);
    known->text = key->text;
    known->tensor = raw.view(dtype->second);
    return known;
  }

  static std::vector<std::int64_t> integers(const Value* tuple) {
    constexpr std::size_t kMaxRank = 64;  // of libtorch's operators
    if (tuple->items.size() > kMaxRank) throw Malformed("a tensor has too many sides");
    std::vector<std::int64_t> out;
    for (const Value* value : tuple->items) {
      if (value->kind != Kind::integer || value->integer < 0)
        throw Malformed("a tensor has a size or stride that is no count");
      out.push_back(value->integer);
    }
    return out;
  }

  // (storage, offset, size, stride, …)
  Value* tensor(const Value* arguments) {
    const Value* offset = item(arguments, 1, Kind::integer);
    const Value* size = item(arguments, 2, Kind::list);
    const Value* stride = item(arguments, 3, Kind::list);
    if (offset == nullptr || size == nullptr || stride == nullptr)
      throw Malformed("a tensor is not described as one");
    const Value* data = item(arguments, 0, Kind::storage);
    if (data == nullptr) return opaque_;
    const std::vector<std::int64_t> sizes = integers(size);
    const std::vector<std::int64_t> strides = integers(stride);
    if (sizes.size() != strides.size() || offset->integer < 0)
      throw Malformed("a tensor is not described as one");
    std::int64_t count = 1;
    std::int64_t last = offset->integer;  // the farthest element
    bool overflow = false;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      std::int64_t reach = 0;
      overflow |=
          __builtin_mul_overflow(std::max<std::int64_t>(sizes[i], 1) - 1, strides[i], &reach);
      overflow |= __builtin_add_overflow(last, reach, &last);
      overflow |= __builtin_mul_overflow(count, std::max<std::int64_t>(sizes[i], 1), &count);
    }
    const bool empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
    if (overflow || (!empty && last >= data->tensor.numel())) {
      throw Malformed(cat("a tensor reaches beyond storage ", data->text));
    }
    Value* out = make(Kind::tensor);
    out->tensor = empty ? at::empty(sizes, data->tensor.options())
                        : data->tensor.as_strided(sizes, strides, offset->integer);
    return out;
  }

  // function(*arguments), for the few functions that make what is wanted here.
  Value* call(const Value* function, Value* arguments, int depth = 0) {
    if (function->kind != Kind::global || arguments->kind != Kind::list || depth > 4)
      return opaque_;
    const std::string& name = function->text;
    if (name == "collections.OrderedDict") {
      Value* dict = make(Kind::dict);
      // Python 2 gave the entries as a list of pairs.
      if (const Value* pairs = item(arguments, 0, Kind::list)) {
        charge(pairs->items.size() * 2 * sizeof(Value*));
        for (Value* pair : pairs->items) {
          if (pair->kind == Kind::list && pair->items.size() == 2)
            dict->entries.emplace_back(pair->items[0], pair->items[1]);
        }
      }
      return dict;
    }
    if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_tensor")
      return tensor(arguments);
    if ((name == "torch._utils._rebuild_parameter" ||
         name == "torch._utils._rebuild_parameter_with_state") &&
        !arguments->items.empty()) {
      return arguments->items[0];
    }
    // (function, type, arguments, attributes): a tensor with Python attributes
    if (name == "torch._tensor._rebuild_from_type_v2" && arguments->items.size() >= 3) {
      return call(arguments->items[0], arguments->items[2], depth + 1);
    }
    return opaque_;
  }

  void push_global(const std::string& module, const std::string& name) {
    charge(module.size() + name.size());
    push(make(Kind::global));
    stack_.back()->text = module + "." + name;
  }

  // Integers of any length; one that 64 bits do not hold is opaque.
  void push_long(std::uint64_t bytes) {
    const std::string_view raw = take(bytes);
    if (bytes > 8) return push_opaque();
    std::uint64_t out = !raw.empty() && (raw.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = raw.size(); i-- > 0;) out = out << 8 | static_cast<unsigned char>(raw[i]);
    push_integer(static_cast<std::int64_t>(out));
  }

  // Runs one instruction; false after the last.
  bool step(unsigned char code) {
    // clang-format off
    switch (code) {
      case 0x80: take(1); break;  // PROTO
      case 0x95: take(8); break;  // FRAME
      case '.': return false;  // STOP
      case '(': charge(sizeof(std::size_t)); marks_.push_back(stack_.size()); break;  // MARK
      case '0': pop(); break;  // POP
      case '1': pop_to_mark(); break;  // POP_MARK
      case '2': push(top()); break;  // DUP
      case 'N': push_opaque(); break;  // NONE
      case 0x88: push_integer(1); break;  // NEWTRUE
      case 0x89: push_integer(0); break;  // NEWFALSE
      case 'J': push_integer(static_cast<std::int32_t>(number(4))); break;  // BININT
      case 'K': push_integer(static_cast<std::int64_t>(number(1))); break;  // BININT1
      case 'M': push_integer(static_cast<std::int64_t>(number(2))); break;  // BININT2
      case 0x8a: push_long(number(1)); break;  // LONG1
      case 0x8b: push_long(number(4)); break;  // LONG4
      case 'G': take(8); push_opaque(); break;  // BINFLOAT
      case 'X': push_text(take(number(4))); break;  // BINUNICODE
      case 0x8c: push_text(take(number(1))); break;  // SHORT_BINUNICODE
      case 0x8d: push_text(take(number(8))); break;  // BINUNICODE8
      case 'U': push_text(take(number(1))); break;  // SHORT_BINSTRING
      case 'T': push_text(take(number(4))); break;  // BINSTRING
      case 'C': take(number(1)); push_opaque(); break;  // SHORT_BINBYTES
      case 'B': take(number(4)); push_opaque(); break;  // BINBYTES
      case 0x8e: case 0x96: take(number(8)); push_opaque(); break;  // BINBYTES8, BYTEARRAY8
      case ')': case ']': push_list({}); break;  // EMPTY_TUPLE, EMPTY_LIST
      case 0x8f: push_opaque(); break;  // EMPTY_SET
      case 't': case 'l': push_list(pop_to_mark()); break;  // TUPLE, LIST
      case 0x91: pop_to_mark(); push_opaque(); break;  // FROZENSET
      case 0x90: pop_to_mark(); top(); break;  // ADDITEMS
      case 0x85: push_tuple(1); break;  // TUPLE1
      case 0x86: push_tuple(2); break;  // TUPLE2
      case 0x87: push_tuple(3); break;  // TUPLE3
      case '}': push(make(Kind::dict)); break;  // EMPTY_DICT
      case 'd': case 'u': {  // DICT, SETITEMS
        const std::vector<Value*> pairs = pop_to_mark();
        if (code == 'd') push(make(Kind::dict));
        set_items(top(), pairs);
        break;
      }
      case 's': {  // SETITEM
        Value* value = pop();
        Value* key = pop();
        set_items(top(), {key, value});
        break;
      }
      case 'a': {  // APPEND
        Value* value = pop();
        append_items(top(), {value});
        break;
      }
      case 'e': {  // APPENDS
        const std::vector<Value*> items = pop_to_mark();
        append_items(top(), items);
        break;
      }
      case 'c': {  // GLOBAL
        const std::string module = line();
        push_global(module, line());
        break;
      }
      case 0x93: {  // STACK_GLOBAL
        const Value* name = pop();
        const Value* module = pop();
        push_global(module->text, name->text);
        break;
      }
      case 'R': {  // REDUCE
        Value* arguments = pop();
        push(call(pop(), arguments));
        break;
      }
      case 0x81: pop(); pop(); push_opaque(); break;  // NEWOBJ
      case 0x92: pop(); pop(); pop(); push_opaque(); break;  // NEWOBJ_EX
      case 'b': pop(); top(); break;  // BUILD: attributes
      case 'q': remember(number(1)); break;  // BINPUT
      case 'r': remember(number(4)); break;  // LONG_BINPUT
      case 0x94: remember(memo_.size()); break;  // MEMOIZE
      case 'h': recall(number(1)); break;  // BINGET
      case 'j': recall(number(4)); break;  // LONG_BINGET
      case 'Q': push(storage(pop())); break;  // BINPERSID
      default:
        throw Malformed(cat("it has an instruction (", static_cast<int>(code),
                            ") that torch.save does not write"));
    }
    // clang-format on
    return true;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  const ReadStorage& read_storage_;
  Document document_;
  Value* opaque_ = nullptr;  // what all that is of no interest is
  std::size_t spent_ = 0;    // bytes of memory
  std::vector<Value*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Value*> memo_;
  std::map<std::string, Value*> storages_;
};

}  // namespace

Document read(std::string_view bytes, const ReadStorage& read_storage) {
  return Reader(bytes, read_storage).run();
}

}  // namespace omniq::model::pickle

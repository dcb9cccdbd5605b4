#include "framework/base/pickle.h"

#include <array>
#include <bit>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int kMaxDepth = 64;  // of containers in containers

struct StorageType {
  const char* name;
  const char* dtype;
};
constexpr std::array kStorageTypes{
    StorageType{"torch.FloatStorage", "F32"},     StorageType{"torch.HalfStorage", "F16"},
    StorageType{"torch.BFloat16Storage", "BF16"}, StorageType{"torch.DoubleStorage", "F64"},
    StorageType{"torch.LongStorage", "I64"},      StorageType{"torch.IntStorage", "I32"},
    StorageType{"torch.ShortStorage", "I16"},     StorageType{"torch.CharStorage", "I8"},
    StorageType{"torch.ByteStorage", "U8"},       StorageType{"torch.BoolStorage", "BOOL"},
};
// The only other names: what they would build is built here.
constexpr std::array kBuilders{"collections.OrderedDict", "torch._utils._rebuild_tensor_v2",
                               "torch._utils._rebuild_parameter", "torch.Size"};

enum class Kind { mark, none, boolean, integer, real, text, list, tuple, dict, name, storage, tensor };

// Values never move and are never freed before the end, so that a pickle may tie knots.
struct Value {
  Kind kind = Kind::none;
  int64_t integer = 0;
  double real = 0;
  std::string text;           // also the name of a global, and of a storage's dtype
  std::vector<Value*> items;  // of a dict: key, value, key, value, ...
  PickledTensor tensor = {};  // also of a storage
};

class Machine {
 public:
  Machine(std::string_view bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}

  Value* run() {
    while (true) {
      start_ = place_;
      const auto op = static_cast<uint8_t>(take(1)[0]);
      if (op == '.') return pop();
      step(op);
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(origin_, fmt::format("byte {}", start_), what);
  }

 private:
  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - place_) fail("ends in the middle of a value");
    const auto part = bytes_.substr(place_, count);
    place_ += count;
    return part;
  }
  template <class T>
  T number() {
    static_assert(std::endian::native == std::endian::little);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view line() {
    const size_t end = bytes_.find('\n', place_);
    if (end == std::string_view::npos) fail("ends in the middle of a name");
    const auto part = bytes_.substr(place_, end - place_);
    place_ = end + 1;
    return part;
  }

  Value* make(Kind kind) {
    values_.emplace_back().kind = kind;
    return &values_.back();
  }
  void push(Value* value) { stack_.push_back(value); }
  Value* push_new(Kind kind) {
    push(make(kind));
    return stack_.back();
  }
  void push_integer(int64_t value) { push_new(Kind::integer)->integer = value; }
  void push_text(std::string_view text) { push_new(Kind::text)->text = std::string(text); }
  Value* pop() {
    if (stack_.empty() || stack_.back()->kind == Kind::mark) fail("takes a value where there is none");
    Value* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Value* top(Kind kind) const {
    if (stack_.empty() || stack_.back()->kind != kind) fail("puts values into something that holds none");
    return stack_.back();
  }
  // Everything above the last mark, which goes away.
  std::vector<Value*> pop_marked() {
    size_t mark = stack_.size();
    while (mark > 0 && stack_[mark - 1]->kind != Kind::mark) --mark;
    if (mark == 0) fail("has no mark");
    std::vector<Value*> items(stack_.begin() + static_cast<int64_t>(mark), stack_.end());
    stack_.resize(mark - 1);
    return items;
  }
  std::vector<Value*> pop_last(size_t count) {
    std::vector<Value*> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }
  void push_tuple(std::vector<Value*> items) { push_new(Kind::tuple)->items = std::move(items); }

  void remember(uint64_t key) {
    if (stack_.empty()) fail("remembers nothing");
    memo_[key] = stack_.back();
  }
  void recall(uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail("recalls what was never remembered");
    push(found->second);
  }

  void add_items(Value* dict, const std::vector<Value*>& items) {
    if (items.size() % 2 != 0) fail("has a key without a value");
    dict->items.insert(dict->items.end(), items.begin(), items.end());
  }

  // A name stands for nothing but itself.
  void push_name(const std::string& name) {
    bool known = false;
    for (const auto& type : kStorageTypes) known = known || name == type.name;
    for (const char* builder : kBuilders) known = known || name == builder;
    if (!known) fail(fmt::format("holds {}, which is not read: only tensors and plain containers are", name));
    push_new(Kind::name)->text = name;
  }

  void step(uint8_t op);
  void build(const std::string& name, const Value& arguments);
  void push_storage(const Value& id);
  void push_tensor(const Value& arguments);

  std::string_view bytes_;
  const std::string& origin_;
  size_t place_ = 0, start_ = 0;
  std::deque<Value> values_;
  std::vector<Value*> stack_;
  std::unordered_map<uint64_t, Value*> memo_;
};

// The letters are the opcodes of Python's pickletools.
void Machine::step(uint8_t op) {
  switch (op) {
    case 0x80: {  // PROTO
      const auto protocol = number<uint8_t>();
      if (protocol < 2 || protocol > 5) fail(fmt::format("is a pickle of protocol {}", protocol));
      return;
    }
    case 0x95:
      take(8);
      return;  // FRAME
    case '(':
      push_new(Kind::mark);
      return;
    case 'N':
      push_new(Kind::none);
      return;
    case 0x88:
      push_new(Kind::boolean)->integer = 1;
      return;
    case 0x89:
      push_new(Kind::boolean)->integer = 0;
      return;
    case 'J':
      push_integer(number<int32_t>());
      return;
    case 'K':
      push_integer(number<uint8_t>());
      return;
    case 'M':
      push_integer(number<uint16_t>());
      return;
    case 0x8a: {  // LONG1, least byte first
      const auto part = take(number<uint8_t>());
      if (part.size() > 8) fail("holds a number of more than 64 bits");
      uint64_t value = !part.empty() && (part.back() & 0x80) != 0 ? ~uint64_t{0} : 0;
      for (size_t i = part.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(part[i]);
      push_integer(static_cast<int64_t>(value));
      return;
    }
    case 'G': {  // BINFLOAT, most significant byte first
      const auto part = take(8);
      uint64_t bits = 0;
      for (const char byte : part) bits = bits << 8 | static_cast<uint8_t>(byte);
      push_new(Kind::real)->real = std::bit_cast<double>(bits);
      return;
    }
    case 'X':
      push_text(take(number<uint32_t>()));
      return;
    case 0x8c:
      push_text(take(number<uint8_t>()));
      return;
    case 0x8d:
      push_text(take(number<uint64_t>()));
      return;
    case '}':
      push_new(Kind::dict);
      return;
    case ']':
      push_new(Kind::list);
      return;
    case ')':
      push_new(Kind::tuple);
      return;
    case 't':
      push_tuple(pop_marked());
      return;
    case 0x85:
      push_tuple(pop_last(1));
      return;
    case 0x86:
      push_tuple(pop_last(2));
      return;
    case 0x87:
      push_tuple(pop_last(3));
      return;
    case 'a': {
      Value* item = pop();
      top(Kind::list)->items.push_back(item);
      return;
    }
    case 'e': {
      const auto items = pop_marked();
      auto& list = top(Kind::list)->items;
      list.insert(list.end(), items.begin(), items.end());
      return;
    }
    case 's': {
      const auto pair = pop_last(2);
      add_items(top(Kind::dict), pair);
      return;
    }
    case 'u': {
      const auto items = pop_marked();
      add_items(top(Kind::dict), items);
      return;
    }
    case 'q':
      remember(number<uint8_t>());
      return;
    case 'r':
      remember(number<uint32_t>());
      return;
    case 0x94:
      remember(memo_.size());
      return;
    case 'h':
      recall(number<uint8_t>());
      return;
    case 'j':
      recall(number<uint32_t>());
      return;
    case 'c': {
      const auto module = line();
      push_name(std::string(module) + "." + std::string(line()));
      return;
    }
    case 0x93: {  // STACK_GLOBAL
      const auto pair = pop_last(2);
      if (pair[0]->kind != Kind::text || pair[1]->kind != Kind::text) fail("names something by no string");
      push_name(pair[0]->text + "." + pair[1]->text);
      return;
    }
    case 'Q': {
      const Value* id = pop();
      push_storage(*id);
      return;
    }
    case 'R': {
      const Value* arguments = pop();
      const Value* name = pop();
      if (name->kind != Kind::name || arguments->kind != Kind::tuple) fail("calls something");
      build(name->text, *arguments);
      return;
    }
    case 'b':  // attributes of a dictionary, which are no part of it
      pop();
      top(Kind::dict);
      return;
    default:
      fail(fmt::format("has opcode {:#04x}, which is not read: only tensors and plain containers are", op));
  }
}

void Machine::build(const std::string& name, const Value& arguments) {
  const auto& items = arguments.items;
  if (name == "collections.OrderedDict") {
    Value* dict = make(Kind::dict);
    if (items.size() > 1 || (items.size() == 1 && items[0]->kind != Kind::list))
      fail("makes a dictionary of something else than pairs");
    if (items.size() == 1) {
      for (const Value* pair : items[0]->items) {
        if ((pair->kind != Kind::list && pair->kind != Kind::tuple) || pair->items.size() != 2)
          fail("makes a dictionary of something else than pairs");
        add_items(dict, pair->items);
      }
    }
    return push(dict);
  }
  if (name == "torch.Size") {
    if (items.size() != 1 || items[0]->kind != Kind::tuple) fail("has a torch.Size of no tuple");
    return push(items[0]);
  }
  if (name == "torch._utils._rebuild_parameter") {
    if (items.empty() || items[0]->kind != Kind::tensor) fail("has a parameter that is no tensor");
    return push(items[0]);
  }
  if (name == "torch._utils._rebuild_tensor_v2") return push_tensor(arguments);
  fail(fmt::format("calls {}", name));
}

// ("storage", type, key, device, elements)
void Machine::push_storage(const Value& id) {
  const auto& items = id.items;
  if (id.kind != Kind::tuple || items.size() != 5 || items[0]->kind != Kind::text ||
      items[0]->text != "storage" || items[1]->kind != Kind::name || items[2]->kind != Kind::text ||
      items[4]->kind != Kind::integer || items[4]->integer < 0)
    fail("names a storage in a way that is not known");
  Value* storage = make(Kind::storage);
  for (const auto& type : kStorageTypes)
    if (items[1]->text == type.name) storage->tensor.dtype = type.dtype;
  if (storage->tensor.dtype.empty()) fail(fmt::format("has a storage of {}", items[1]->text));
  storage->tensor.storage = items[2]->text;
  storage->tensor.storage_size = items[4]->integer;
  push(storage);
}

// (storage, offset, sizes, strides, ...)
void Machine::push_tensor(const Value& arguments) {
  const auto& items = arguments.items;
  if (items.size() < 4 || items[0]->kind != Kind::storage || items[1]->kind != Kind::integer ||
      items[2]->kind != Kind::tuple || items[3]->kind != Kind::tuple ||
      items[2]->items.size() != items[3]->items.size() || items[2]->items.size() > 16)
    fail("describes a tensor in a way that is not known");
  PickledTensor tensor = items[0]->tensor;
  tensor.offset = items[1]->integer;
  int64_t last = tensor.offset, count = 1;
  bool fits = last >= 0;
  for (size_t i = 0; i < items[2]->items.size(); ++i) {
    const Value &size = *items[2]->items[i], &stride = *items[3]->items[i];
    fits = fits && size.kind == Kind::integer && stride.kind == Kind::integer && size.integer >= 0 &&
           stride.integer >= 0 && !__builtin_mul_overflow(count, size.integer, &count);
    int64_t reach = 0;
    fits = fits && !__builtin_mul_overflow(std::max<int64_t>(size.integer - 1, 0), stride.integer, &reach) &&
           !__builtin_add_overflow(last, reach, &last);
    tensor.shape.push_back(size.integer);
    tensor.stride.push_back(stride.integer);
  }
  // Strides of 0 would let a few bytes stand for any number of elements.
  fits = fits && (count == 0 || (last < tensor.storage_size && count <= tensor.storage_size));
  if (!fits) fail("has a tensor that reaches beyond its storage");
  push_new(Kind::tensor)->tensor = std::move(tensor);
}

// Walks the finished value.
class Collector {
 public:
  // Containers that are shared again and again could name more values than fit anywhere.
  Collector(const Machine& machine, PickledData& data, size_t bytes)
      : machine_(machine), data_(data), visits_left_(2 * static_cast<int64_t>(bytes) + 1000) {}

  // What the value is without its tensors; null: nothing else.
  Json collect(const Value& value, const std::string& name, int depth = 0) {
    if (depth > kMaxDepth || --visits_left_ < 0) machine_.fail("nests containers too deep");
    switch (value.kind) {
      case Kind::boolean:
        return value.integer != 0;
      case Kind::integer:
        return value.integer;
      case Kind::real:
        return value.real;
      case Kind::text:
        return text(value.text);
      case Kind::tensor: {
        if (!names_.insert(name).second) machine_.fail(fmt::format("has two tensors \"{}\"", text(name)));
        data_.tensors.push_back(value.tensor);
        data_.tensors.back().name = text(name);
        return {};
      }
      case Kind::dict: {
        Json object;
        for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
          const auto key = text(key_of(*value.items[i]));
          Json part = collect(*value.items[i + 1], below(name, key), depth + 1);
          if (!part.is_null()) object[key] = std::move(part);
        }
        return object;
      }
      case Kind::list:
      case Kind::tuple: {
        Json list;
        for (size_t i = 0; i < value.items.size(); ++i) {
          Json part = collect(*value.items[i], below(name, std::to_string(i)), depth + 1);
          if (!part.is_null()) list.push_back(std::move(part));
        }
        return list;
      }
      case Kind::none:
      case Kind::mark:
      case Kind::name:
      case Kind::storage:
        return {};
    }
    return {};
  }

 private:
  static std::string below(const std::string& name, const std::string& key) {
    return name.empty() ? key : name + "." + key;
  }
  std::string key_of(const Value& key) const {
    if (key.kind == Kind::text) return key.text;
    if (key.kind == Kind::integer) return std::to_string(key.integer);
    machine_.fail("has a key that is neither a string nor a whole number");
  }
  // Strings leave as JSON again, which is UTF-8.
  std::string text(const std::string& bytes) const {
    try {
      (void)Json(bytes).dump();
    } catch (const nlohmann::json::exception&) {
      machine_.fail("has a string that is no UTF-8");
    }
    return bytes;
  }

  const Machine& machine_;
  PickledData& data_;
  std::set<std::string> names_;
  int64_t visits_left_;
};

}  // namespace

PickledData read_pickle(std::string_view bytes, const std::string& origin) {
  Machine machine(bytes, origin);
  PickledData data;
  const Value* root = machine.run();
  data.values = Collector(machine, data, bytes.size()).collect(*root, "");
  return data;
}

}  // namespace conclave

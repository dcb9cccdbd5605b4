#include "framework/moe/layer.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "framework/moe/apply_edits.h"
#include "framework/moe/few_tokens.h"
#include "framework/moe/routers/score/linear.h"
#include "framework/moe/routing_log.h"

namespace conclave {
namespace {

void leave_record(const Layer& layer, const Tensor& x_TD, const Routing& routing,
                  const TokenContext& context) {
  Record record;
  record.site = layer.site;
  record.experts = layer.experts->count();
  record.nulls = layer.nulls;
  record.routing = routing;
  record.dropped_E = routing.dropped_E;
  if (context.log->keep_inputs) record.x_TD = x_TD;
  record.context = context;
  // The record outlives the pass, what these point to may not.
  record.context.carry = nullptr;
  record.context.past = nullptr;
  record.context.edits = nullptr;
  record.context.log = nullptr;
  context.log->records.push_back(std::move(record));
}

}  // namespace

Routing Layer::route(const Tensor& x_TD, const TokenContext& context) {
  require<Error>(x_TD.dim() == 2, "[moe layer {}] expected [T,D], got {} dimensions", site, x_TD.dim());
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);  // gates are float32
  std::vector<Edit> edits;
  if (context.edits) edits = context.edits->of(site);
  Routing routing = router->route(x_TD, context, experts.get(), edits);
  edit_routing(routing, edits, context);
  if (dense && !routing.path_TP.defined())
    routing.path_TP = linear_float(x_TD.to(at::kFloat), path_gate_2D, path_bias_2).softmax(1);
  if (context.log) leave_record(*this, x_TD, routing, context);
  return routing;
}

Tensor Layer::apply(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  Tensor y_TD =
      executor ? executor->run(*experts, x_TD, routing, context) : experts->forward(x_TD, routing, context);
  Tensor gate_TS;
  if (shared_gate == SharedGate::sigmoid && !shared.empty())
    gate_TS = linear_float(x_TD.to(at::kFloat), shared_gate_SD).sigmoid();
  if (shared_gate == SharedGate::router) gate_TS = routing.shared_TS;
  require<Error>(shared_gate == SharedGate::plain || shared.empty() || gate_TS.defined(),
                 "[moe layer {}] the routing has no weights for the shared experts", site);
  for (size_t s = 0; s < shared.size(); ++s) {
    const auto column = static_cast<int64_t>(s);
    if (add_few(*shared[s], x_TD, gate_TS.defined() ? gate_TS.select(1, column) : gate_TS, y_TD)) continue;
    const Tensor out_TD = shared[s]->forward(x_TD, context).to(y_TD.scalar_type());  // autocast may differ
    y_TD = gate_TS.defined() ? y_TD.addcmul(out_TD, gate_TS.narrow(1, column, 1).to(out_TD.scalar_type()))
                             : y_TD + out_TD;
  }
  if (dense) {
    require<Error>(routing.path_TP.defined(), "[moe layer {}] the routing has no weights for its paths",
                   site);
    const Tensor path_TP = routing.path_TP.to(y_TD.scalar_type());
    const Tensor out_TD = dense->forward(x_TD, context).to(y_TD.scalar_type());
    y_TD = (y_TD * path_TP.narrow(1, 0, 1)).addcmul(out_TD, path_TP.narrow(1, 1, 1));
  }
  return y_TD;
}

void Layer::visit(Visitor& v) {
  v.child("router", router);
  v.child("experts", experts);
  v.children("shared", shared);
  v("shared_gate.weight", shared_gate_SD);
  v.child("dense", dense);
  v("path_gate.weight", path_gate_2D);
  v("path_gate.bias", path_bias_2);
}

}  // namespace conclave

// The list of fusion variants. Each is a pair of files: NAME.h describes it without torch, NAME.cpp
// makes its module.
#pragma once

#include "core/model/fusion/average.h"
#include "core/model/fusion/gated_conv.h"
#include "core/model/fusion/mamba.h"
#include "core/model/fusion/mamba2.h"
#include "core/model/fusion/transformer.h"

namespace omniq::model {

template <class... Variant>
struct VariantList {};

using Variants = VariantList<AverageVariant,      //
                             TransformerVariant,  //
                             MambaVariant,        //
                             Mamba2Variant,       //
                             GatedConvVariant>;

}  // namespace omniq::model

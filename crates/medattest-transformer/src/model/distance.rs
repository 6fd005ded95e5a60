//! What the distance of two tokens adds to their attention (DeBERTa: He et al. 2021): the likeness of what is asked to
//! the distance, and of the distance to what answers.

use candle_core::{D, Device, Result, Tensor};
use candle_nn::{Linear, Module as _, VarBuilder};

use super::{Sizes, linear, norm, split_heads};
use crate::TransformerError;
use crate::config::Config;

/// What `config.json` says of distances.
pub(crate) struct Shape {
    /// Distances from -span to span - 1 have a vector.
    span: usize,
    buckets: usize,
    furthest: usize,
    /// From content to place (`c2p`) and from place to content (`p2c`).
    to_place: bool,
    from_place: bool,
    /// The projections of the content serve for places too.
    shared: bool,
    normed: bool,
}

impl Shape {
    pub(super) fn read(config: &Config, sizes: Sizes) -> std::result::Result<Option<Self>, TransformerError> {
        if !config.flag("relative_attention", false)? {
            if config.get("pos_att_type").is_some_and(|kinds| kinds.as_array().is_none_or(|list| !list.is_empty())) {
                let message = "`pos_att_type` is given, yet `relative_attention` is not true";
                return Err(config.refuse(message, "save the model again"));
            }
            return Ok(None);
        }
        if config.size_if_given("attention_head_size")?.is_some_and(|size| size * sizes.heads != sizes.hidden) {
            let message = "an `attention_head_size` other than the width shared by the heads is not supported";
            return Err(config.refuse(message, "use a model without it"));
        }
        let kinds = config.words("pos_att_type")?;
        if let Some(other) = kinds.iter().find(|kind| !["c2p", "p2c"].contains(&kind.as_str())) {
            let message = format!("attention of the kind `{other}` in `pos_att_type` is not supported");
            return Err(config.refuse(message, "supported are c2p and p2c"));
        }
        let given = |name: &str| config.whole(name, -1).map(|n| usize::try_from(n).unwrap_or_default());
        let furthest = match given("max_relative_positions")? {
            0 => sizes.positions,
            furthest => furthest,
        };
        let buckets = given("position_buckets")?;
        // Half of the buckets are for near distances; farther ones must be left for the other half.
        if buckets > 0 && (buckets < 4 || furthest < buckets / 2 + 2) || furthest.max(buckets) > 1 << 20 {
            let message = "`position_buckets` and `max_relative_positions` do not fit together";
            return Err(config.refuse(message, "save the model again"));
        }
        Ok(Some(Self {
            span: if buckets > 0 { buckets } else { furthest },
            buckets,
            furthest,
            to_place: kinds.iter().any(|kind| kind == "c2p"),
            from_place: kinds.iter().any(|kind| kind == "p2c"),
            shared: config.flag("share_att_key", false)?,
            normed: config.words("norm_rel_ebd")?.iter().any(|word| word == "layer_norm"),
        }))
    }
}

/// The vectors of distances, which all layers share.
pub(crate) struct Distances {
    table: Tensor,
    span: usize,
    buckets: usize,
    furthest: usize,
    to_place: bool,
    from_place: bool,
    shared: bool,
}

/// The vectors of distances as one layer sees them, shape (1, heads, 2 x span, size).
#[derive(Default)]
pub(crate) struct Projected {
    keys: Option<Tensor>,
    queries: Option<Tensor>,
}

/// For each pair of tokens, which vector its distance has, shape (1, heads, tokens, tokens).
pub(crate) struct Index {
    forth: Tensor,
    back: Tensor,
}

impl Distances {
    pub(super) fn load(shape: &Shape, sizes: Sizes, eps: f64, encoder: &VarBuilder<'_>) -> Result<Self> {
        let table = encoder.get((2 * shape.span, sizes.hidden), "rel_embeddings.weight")?;
        let table =
            if shape.normed { norm(sizes.hidden, eps, &encoder.pp("LayerNorm"))?.forward(&table)? } else { table };
        Ok(Self {
            table: table.unsqueeze(0)?,
            span: shape.span,
            buckets: shape.buckets,
            furthest: shape.furthest,
            to_place: shape.to_place,
            from_place: shape.from_place,
            shared: shape.shared,
        })
    }

    /// Of how many likenesses the attention is the sum.
    pub(super) fn parts(&self) -> usize {
        1 + usize::from(self.to_place) + usize::from(self.from_place)
    }

    /// What a layer makes of the vectors, with projections of its own or with those of its content.
    pub(super) fn project(
        &self,
        query: &Linear,
        key: &Linear,
        heads: usize,
        weights: &VarBuilder<'_>,
    ) -> Result<Projected> {
        let hidden = self.table.dim(D::Minus1)?;
        let side = |wanted: bool, of_content: &Linear, name: &str| -> Result<Option<Tensor>> {
            if !wanted {
                return Ok(None);
            }
            let projected = if self.shared {
                of_content.forward(&self.table)?
            } else {
                linear(hidden, hidden, true, weights.pp(name))?.forward(&self.table)?
            };
            Ok(Some(split_heads(&projected, heads)?))
        };
        Ok(Projected {
            keys: side(self.to_place, key, "pos_key_proj")?,
            queries: side(self.from_place, query, "pos_query_proj")?,
        })
    }

    /// Which vector each pair of so many tokens has.
    pub(super) fn index(&self, tokens: usize, heads: usize) -> Result<Index> {
        let span = self.span as i64;
        let made = |sign: i64| -> Result<Tensor> {
            let mut index = Vec::with_capacity(tokens * tokens);
            for own in 0..tokens as i64 {
                for other in 0..tokens as i64 {
                    let at = sign * bucket(own - other, self.buckets, self.furthest) + span;
                    index.push(at.clamp(0, 2 * span - 1) as u32);
                }
            }
            Tensor::from_vec(index, (1, 1, tokens, tokens), &Device::Cpu)?
                .expand((1, heads, tokens, tokens))?
                .contiguous()
        };
        Ok(Index { forth: made(1)?, back: made(-1)? })
    }
}

impl Projected {
    /// Scores, not yet scaled, with what distances add.
    pub(super) fn add(&self, scores: Tensor, query: &Tensor, key: &Tensor, index: &Index) -> Result<Tensor> {
        let mut scores = scores;
        if let Some(keys) = &self.keys {
            let all = query.matmul(&keys.t()?.contiguous()?)?;
            scores = (scores + all.gather(&index.forth, D::Minus1)?)?;
        }
        if let Some(queries) = &self.queries {
            let all = key.matmul(&queries.t()?.contiguous()?)?;
            scores = (scores + all.gather(&index.back, D::Minus1)?.transpose(D::Minus2, D::Minus1)?)?;
        }
        Ok(scores)
    }
}

/// The bucket of a distance: near distances have their own, farther ones share by their logarithm.
fn bucket(distance: i64, buckets: usize, furthest: usize) -> i64 {
    let middle = (buckets / 2) as i64;
    if buckets == 0 || distance.abs() <= middle {
        return distance;
    }
    // In 32 bits as the models were trained, since a rounding decides between two buckets.
    let share = |far: i64| (far as f64 / middle as f64) as f32;
    let far = share(distance.abs()).ln() / share(furthest as i64 - 1).ln() * (middle - 1) as f32;
    (far.ceil() as i64).saturating_add(middle).saturating_mul(distance.signum())
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn distances_share_buckets_by_their_logarithm() {
        // As make_log_bucket_position of transformers 5.24 with 16 buckets up to 64.
        let expected = [(0, 0), (7, 7), (8, 8), (9, 9), (10, 9), (11, 10), (16, 11), (32, 13), (63, 15), (64, 16)];
        for (distance, own) in expected {
            assert_eq!(bucket(distance, 16, 64), own, "{distance}");
            assert_eq!(bucket(-distance, 16, 64), -own, "{distance}");
        }
        assert_eq!(bucket(511, 256, 512), 255);
        assert_eq!(bucket(-1000, 0, 512), -1000);
    }
}

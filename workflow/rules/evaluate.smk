# What trained policies and references reach, and how they compare.


rule evaluate:
    input:
        job("evaluate"),
        policy="results/{study}/{benchmark}/{agent}/{method}/{block}/policy.pt",
        held_out="results/{study}/{benchmark}/contexts/held_out.parquet",
        train_contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
    output:
        evaluation="results/{study}/{benchmark}/{agent}/{method}/{block}/evaluation.parquet",
        encodings="results/{study}/{benchmark}/{agent}/{method}/{block}/encodings.parquet",
    log:
        "results/{study}/logs/evaluate/{benchmark}/{agent}/{method}/{block}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("evaluate"),
        runtime=runtime("evaluate"),
    shell:
        "python -m meta_rl.study.attempt {log} evaluate --job {input.job} --policy {input.policy}"
        " --held-out {input.held_out} --train-contexts {input.train_contexts}"
        " --evaluation {output.evaluation} --encodings {output.encodings}"


rule evaluate_external:
    input:
        job("evaluate_external", files=foreign),
        held_out="results/{study}/{benchmark}/contexts/held_out.parquet",
        train_contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
    output:
        evaluation="results/{study}/{benchmark}/{agent}/{external}/{block}/evaluation.parquet",
    log:
        "results/{study}/logs/evaluate_external/{benchmark}/{agent}/{external}/{block}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("evaluate_external"),
        runtime=runtime("evaluate_external"),
    shell:
        "python -m meta_rl.study.attempt {log} evaluate_external --job {input.job}"
        " --held-out {input.held_out} --train-contexts {input.train_contexts} --evaluation {output.evaluation}"


rule compare_predictors:
    input:
        job("compare_predictors"),
        encoder="results/{study}/{benchmark}/{agent}/{method}/{block}/encoder.pt",
        train_contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        held_out="results/{study}/{benchmark}/contexts/held_out.parquet",
        train_trajectories="results/{study}/{benchmark}/{agent}/{method}/{block}/trajectories/{block}.parquet",
        held_out_trajectories="results/{study}/{benchmark}/{agent}/{method}/{block}/trajectories/held_out.parquet",
    output:
        predictions="results/{study}/{benchmark}/{agent}/{method}/{block}/predictions.parquet",
    log:
        "results/{study}/logs/compare_predictors/{benchmark}/{agent}/{method}/{block}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("compare_predictors"),
        runtime=runtime("compare_predictors"),
    shell:
        "python -m meta_rl.study.attempt {log} compare_predictors --job {input.job} --encoder {input.encoder}"
        " --train-contexts {input.train_contexts} --held-out {input.held_out}"
        " --train-trajectories {input.train_trajectories}"
        " --held-out-trajectories {input.held_out_trajectories} --predictions {output.predictions}"


rule evaluate_references:
    input:
        job(
            "evaluate_references",
            policies=files(
                "results/{study}/{benchmark}/references/{agent}.pt", "benchmark"
            ),
        ),
        contexts="results/{study}/{benchmark}/contexts/{part}.parquet",
    output:
        references="results/{study}/{benchmark}/references/{part}.parquet",
    log:
        "results/{study}/logs/evaluate_references/{benchmark}/{part}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("evaluate_references"),
        runtime=runtime("evaluate_references"),
    shell:
        "python -m meta_rl.study.attempt {log} evaluate_references --job {input.job}"
        " --contexts {input.contexts} --references {output.references}"


rule score:
    input:
        job(
            "score",
            evaluation=files(
                "results/{study}/{benchmark}/{agent}/{played}/{block}/evaluation.parquet",
                "benchmark",
            ),
            references=files(
                "results/{study}/{benchmark}/references/{part}.parquet", "benchmark"
            ),
            contexts=files(
                "results/{study}/{benchmark}/contexts/{part}.parquet", "benchmark"
            ),
        ),
    output:
        scores="results/{study}/{benchmark}/scores.parquet",
    log:
        "results/{study}/logs/score/{benchmark}.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m meta_rl.study.attempt {log} score --job {input.job} --scores {output.scores}"

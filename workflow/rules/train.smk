# Encoders, agents, and the specialists of the references.


rule train_generator:
    input:
        contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        code=code("train_generator"),
    output:
        generator="results/{study}/{benchmark}/{agent}/{method}/{block}/generator.pt",
    log:
        "results/{study}/logs/train_generator/{benchmark}/{agent}/{method}/{block}.log",
    benchmark:
        "results/{study}/benchmarks/train_generator/{benchmark}/{agent}/{method}/{block}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("train_generator"),
        runtime=runtime("train_generator"),
    params:
        spec=spec("train_generator"),
        checkpoint="results/{study}/checkpoints/train_generator/{benchmark}/{agent}/{method}/{block}.pt",
    shell:
        "python -m meta_rl.steps.train_generator --contexts {input.contexts}"
        " --spec {params.spec:q} --checkpoint {params.checkpoint}"
        " --generator {output.generator} 2>&1 | tee {log}"


rule pretrain_encoder:
    input:
        trajectories="results/{study}/{benchmark}/{agent}/{method}/{block}/trajectories/{block}.parquet",
        contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        code=code("pretrain_encoder"),
    output:
        encoder="results/{study}/{benchmark}/{agent}/{method}/{block}/encoder.pt",
    log:
        "results/{study}/logs/pretrain_encoder/{benchmark}/{agent}/{method}/{block}.log",
    benchmark:
        "results/{study}/benchmarks/pretrain_encoder/{benchmark}/{agent}/{method}/{block}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("pretrain_encoder"),
        runtime=runtime("pretrain_encoder"),
    params:
        spec=spec("pretrain_encoder"),
    shell:
        "python -m meta_rl.steps.pretrain_encoder --trajectories {input.trajectories}"
        " --contexts {input.contexts} --spec {params.spec:q} --encoder {output.encoder} 2>&1 | tee {log}"


rule train:
    input:
        contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        encoder=encoder,
        code=code("train"),
    output:
        policy="results/{study}/{benchmark}/{agent}/{method}/{block}/policy.pt",
        learning="results/{study}/{benchmark}/{agent}/{method}/{block}/learning.parquet",
    log:
        "results/{study}/logs/train/{benchmark}/{agent}/{method}/{block}.log",
    benchmark:
        "results/{study}/benchmarks/train/{benchmark}/{agent}/{method}/{block}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("train"),
        runtime=runtime("train"),
    params:
        spec=spec("train"),
        checkpoint="results/{study}/checkpoints/train/{benchmark}/{agent}/{method}/{block}.pt",
    shell:
        "python -m meta_rl.steps.train --contexts {input.contexts} --encoder {input.encoder}"
        " --spec {params.spec:q} --checkpoint {params.checkpoint}"
        " --policy {output.policy} --learning {output.learning} 2>&1 | tee {log}"


rule solve_references:
    input:
        code=code("solve_references"),
    output:
        policy="results/{study}/{benchmark}/references/{agent}.pt",
    log:
        "results/{study}/logs/solve_references/{benchmark}/{agent}.log",
    benchmark:
        "results/{study}/benchmarks/solve_references/{benchmark}/{agent}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("solve_references"),
        runtime=runtime("solve_references"),
    params:
        spec=spec("solve_references"),
        checkpoint="results/{study}/checkpoints/solve_references/{benchmark}/{agent}.pt",
    shell:
        "python -m meta_rl.steps.solve_references --spec {params.spec:q} --checkpoint {params.checkpoint}"
        " --policy {output.policy} 2>&1 | tee {log}"
